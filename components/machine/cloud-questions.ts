import * as pulumi from "@pulumi/pulumi";

/** What an answer of the cloud shows to be wrong with the stack, where it is written and what to write instead. */
interface Wrong {
  /** `machine.zone` */
  readonly path: string;
  readonly message: string;
  readonly instead: string;
}

/** Something that only the cloud knows. */
export interface CloudQuestion {
  /** What it is about, for the note when it cannot be asked: `whether eu-central-1a offers g6.xlarge`. */
  readonly about: string;
  /** Judges the answer; a rejection means that it could not be asked. */
  readonly answer: Promise<Wrong | undefined>;
}

/** Notes what Pulumi's provider cannot ask its cloud, and how a person does. */
export function noteUnasked(cloud: string, about: string, command: string, parent?: pulumi.Resource): void {
  void pulumi.log.info(`${cloud} was not asked ${about}, which its provider cannot; this tells: ${command}`, parent);
}

/**
 * Waits for a cloud's answers. What is wrong fails the preview, all of it together; what cannot be asked, for want of
 * credentials or of a network, is noted.
 */
export function tellAnswers(cloud: string, questions: readonly CloudQuestion[], parent?: pulumi.Resource): void {
  void Promise.allSettled(questions.map(({ answer }) => answer)).then((answers) => {
    for (const [index, settled] of answers.entries()) {
      if (settled.status === "rejected") {
        const said = settled.reason instanceof Error ? settled.reason.message : String(settled.reason);
        void pulumi.log.warn(`${cloud} could not be asked about ${questions[index]?.about}: ${said}`, parent);
      } else if (settled.value) {
        const { path, message, instead } = settled.value;
        // An error in the log fails the preview, after everything else that is wrong has been said as well.
        void pulumi.log.error(`nemoclaw:${path}\n  ${message}\n  instead: ${instead}`, parent);
      }
    }
  });
}
