/** What stands in a compared path as it is; every other byte stands there as `%` and two upper-case digits (RFC 3986's `pchar` without `;`). */
export const plainInPath = /[\w.~!$&'()*+,=:@-]/;
