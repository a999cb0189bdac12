/** What goes wrong. */
export type FaultEffect =
  /** The answer comes later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** This status instead of the answer, with an OperationOutcome. */
  | { readonly kind: 'status'; readonly status: number }
  /** An HTML page, as proxies send: with status 502, or another. */
  | { readonly kind: 'html-page'; readonly status?: number }
  /** The connection is cut before anything is sent, or in the middle of the body. */
  | { readonly kind: 'cut-connection'; readonly at?: 'start' | 'body' }
  /** JSON that ends too early, under status 200. */
  | { readonly kind: 'broken-json' }
  /** Half of the body comes at once, the rest bit by bit over this time. */
  | { readonly kind: 'slow-body'; readonly ms: number }
  /** Every searchset has a `next` link to another place. */
  | { readonly kind: 'foreign-next'; readonly base?: string }
  /** Every searchset holds an OperationOutcome among its entries. */
  | { readonly kind: 'outcome-entry'; readonly severity?: 'error' | 'warning' | 'information' }
  /** The last page of a search leads on to the first. */
  | { readonly kind: 'endless-paging' };

/** A fault and where it strikes; a condition that is not given is always met. */
export type SandboxFault = FaultEffect & {
  readonly resourceType?: string;
  /** Strikes searches that name this code only; tells one Observation search from another. */
  readonly code?: string;
  /** First pages (and reads), or further pages. */
  readonly page?: 'first' | 'further';
  /** Strikes so many requests, then no more. */
  readonly times?: number;
};

/** Does the request never reach the server proper? */
export function replacesAnswer(fault: SandboxFault): boolean {
  return (
    fault.kind === 'status' || fault.kind === 'html-page' || (fault.kind === 'cut-connection' && fault.at !== 'body')
  );
}

/** What a request says about itself to the faults. */
export interface FaultTarget {
  readonly resourceType: string | undefined;
  /** Decoded parameters of the URL and of a `_search` body. */
  readonly parameters: URLSearchParams;
  readonly isFurtherPage: boolean;
}

/** The faults switched on; each request asks which of them strike it. */
export class SandboxFaults {
  #active: { readonly fault: SandboxFault; left: number }[] = [];

  /** Replaces all faults. */
  set(faults: readonly SandboxFault[]): void {
    this.#active = faults.map((fault) => ({ fault, left: fault.times ?? Infinity }));
  }

  clear(): void {
    this.#active = [];
  }

  /** The faults that strike this request; counts them. */
  strike(target: FaultTarget): readonly SandboxFault[] {
    const struck = this.#active.filter(({ fault, left }) => left > 0 && strikes(fault, target));
    for (const active of struck) active.left -= 1;
    return struck.map(({ fault }) => fault);
  }
}

function strikes({ resourceType, code, page }: SandboxFault, target: FaultTarget): boolean {
  if (resourceType !== undefined && resourceType !== target.resourceType) return false;
  if (page !== undefined && (page === 'further') !== target.isFurtherPage) return false;
  return code === undefined || namesCode(target.parameters, code);
}

function namesCode(parameters: URLSearchParams, code: string): boolean {
  return parameters.getAll('code').some((list) => list.split(',').some((token) => token.split('|').at(-1) === code));
}
