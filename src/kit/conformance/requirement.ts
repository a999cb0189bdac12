export type Level = 'MUST' | 'SHOULD' | 'MAY';

/** Which text asks for it: the published standard, the 3.0 ballot, or good practice (HL7's page, Da Vinci CRD, this project's reference). */
export type Source = '2.0.1' | '3.0 ballot' | 'practice';

/** One requirement for a CDS service, in our words. */
export type Requirement = RequirementText & (Observable | NotObservable);

export interface RequirementText {
  /** `24`, `cds-resp-1`. */
  readonly id: string;
  readonly level: Level;
  readonly source: Source;
  readonly words: string;
}

export interface Observable {
  /** Ids of the rules that look at it; never empty. */
  readonly rules: readonly string[];
}

export interface NotObservable {
  /** Why a client cannot see it. */
  readonly notObservable: string;
}

export function isObservable(requirement: Requirement): requirement is RequirementText & Observable {
  return 'rules' in requirement;
}
