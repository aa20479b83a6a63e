/** How an effect is marked, in words and a sign that needs no colour. */
export const effects = { widens: "+ gains", narrows: "− loses", neutral: "= same", unclear: "? not comparable" };
