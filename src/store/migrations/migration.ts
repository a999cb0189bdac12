/** One step of the schema. A step that was released is never edited: its checksum is in the databases. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Statements, in the one dialect of both engines. */
  readonly up: string;
  /** Takes the step back, with what its tables hold. */
  readonly down: string;
}
