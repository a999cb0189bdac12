import { RESOURCE_TYPES } from './search-parameters.js';

/** A request this server refuses: status, and what the OperationOutcome says. */
export class FhirFault extends Error {
  override readonly name = 'FhirFault';
  readonly status: number;
  readonly issueCode: string;

  constructor(status: number, issueCode: string, diagnostics: string) {
    super(diagnostics);
    this.status = status;
    this.issueCode = issueCode;
  }
}

export function badRequest(diagnostics: string): FhirFault {
  return new FhirFault(400, 'processing', diagnostics);
}

/** Is `type` a resource type of this server? Throws 404 if not. */
export function assertKnownType(type: string): void {
  if (!RESOURCE_TYPES.has(type)) throw new FhirFault(404, 'not-supported', `Unknown resource type '${type}'`);
}

/** JSON text of an OperationOutcome with one issue. */
export function operationOutcome(
  severity: 'error' | 'warning' | 'information',
  code: string,
  diagnostics: string,
): string {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity, code, diagnostics }] });
}
