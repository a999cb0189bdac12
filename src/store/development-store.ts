import type { AnsweredCall } from '../assessment/answered-call.js';
import type { RiskAssessment } from '../assessment/risk-assessment.js';
import type { ServiceSwitches } from '../clients/client-registry.js';
import type { RegisteredClient } from '../clients/registered-client.js';
import { ServiceError } from '../errors/service-error.js';
import { logEvent, type Log } from '../logging/logger.js';
import { logWrite } from './log-write.js';
import type { HemolensStore } from './hemolens-store.js';
import { memoryLedger } from './ports/token-ledger.js';

/** A store for development: in memory, the newest `capacity` assessments, gone when the process ends. */
export interface DevelopmentStore extends HemolensStore {
  /** The call whose assessment has this id, or undefined when it was never saved or has made room for newer ones. */
  get(assessmentId: string): AnsweredCall | undefined;
  /** Kept calls, newest first. */
  recent(): readonly AnsweredCall[];
}

/** An empty development store; says in the log that nothing is kept. Texts of notes are never kept. */
export function createDevelopmentStore({
  capacity,
  log,
  clock = () => Date.now(),
}: {
  readonly capacity: number;
  readonly log: Log;
  readonly clock?: () => number;
}): DevelopmentStore {
  logEvent(log, 'store.not-durable', {
    detail: 'assessments are kept in memory only and end with the process',
    capacity,
  });
  const kept = new Map<string, AnsweredCall>();
  const ledger = memoryLedger(clock);
  const recent = (): readonly AnsweredCall[] => [...kept.values()].reverse();
  return {
    save: (call) =>
      logWrite(log, () => {
        const { assessmentId } = call.assessment;
        kept.delete(assessmentId);
        kept.set(assessmentId, { ...call, assessment: withoutNoteTexts(call.assessment) });
        const [oldest] = kept.keys();
        if (kept.size > capacity && oldest !== undefined) kept.delete(oldest);
        return Promise.resolve('memory');
      }),
    get: (assessmentId) => kept.get(assessmentId),
    recent,
    since({ clientId, tenant, patientId, fhirServer }, sinceMs) {
      const shown = recent().flatMap(({ client, subject, display, assessment, answeredAtMs }) => {
        const { outcome, orders } = assessment;
        const isOfClient = client.id === clientId && client.tenant === tenant;
        const isOfPatient = subject.patientId === patientId && subject.fhirServer === fhirServer;
        if (!isOfClient || !isOfPatient || answeredAtMs < sinceMs || display.kind !== 'shown') return [];
        const tier = outcome.kind === 'scored' ? outcome.prediction.tier : outcome.reason;
        const products = [...new Set(orders.flatMap((order) => order.products))];
        const references = orders.map(({ reference }) => reference);
        return [{ answeredAtMs, tier, products, orders: references }];
      });
      return Promise.resolve(shown.sort((one, other) => other.answeredAtMs - one.answeredAtMs));
    },
    ...feedbackInMemory(recent),
    ...registryInMemory(),
    ...switchesInMemory(),
    claim: (iss, jti, expiresAtMs) => ledger.claim(iss, jti, expiresAtMs),
    waiting: () => 0,
    isUp: () => true,
    close: () => Promise.resolve(),
  };
}

function feedbackInMemory(recent: () => readonly AnsweredCall[]): Pick<HemolensStore, 'saveFeedback'> {
  const seen = new Set<string>();
  return {
    saveFeedback(client, items) {
      const receipt = { kept: 0, repeated: 0, unknownCards: 0 };
      for (const { cardId, outcome, outcomeTimestampMs } of items) {
        const name = JSON.stringify([client.id, client.tenant, cardId, outcome, outcomeTimestampMs]);
        if (seen.has(name)) receipt.repeated += 1;
        else {
          seen.add(name);
          receipt.kept += 1;
          const isKnown = recent().some(
            (call) =>
              call.client.id === client.id && call.client.tenant === client.tenant && call.cardIds.includes(cardId),
          );
          if (!isKnown) receipt.unknownCards += 1;
        }
      }
      return Promise.resolve(receipt);
    },
  };
}

function registryInMemory(): Pick<HemolensStore, 'findByIssuer' | 'list' | 'put' | 'remove'> {
  const clients = new Map<string, RegisteredClient>();
  const byIssuer = (iss: string): RegisteredClient | undefined =>
    [...clients.values()].find((client) => client.iss === iss);
  return {
    findByIssuer: (iss) => Promise.resolve(byIssuer(iss)),
    list: () => Promise.resolve([...clients.values()].sort((one, other) => (one.id < other.id ? -1 : 1))),
    put(client) {
      const holder = byIssuer(client.iss);
      if (holder && holder.id !== client.id) {
        const detail = `another client is registered with the issuer of '${client.id}': one client an issuer; remove the other first`;
        return Promise.reject(new ServiceError('ERR_CLIENT', { detail }));
      }
      clients.set(client.id, client);
      return Promise.resolve();
    },
    remove: (id) => Promise.resolve(clients.delete(id)),
  };
}

function switchesInMemory(): Pick<HemolensStore, 'read' | 'write'> {
  let switches: ServiceSwitches = { isAssessing: true };
  return {
    read: () => Promise.resolve(switches),
    write(change) {
      const { modelBundleDir } = { ...switches, ...change };
      switches = {
        isAssessing: change.isAssessing ?? ('isAssessing' in change ? true : switches.isAssessing),
        ...(modelBundleDir === undefined ? {} : { modelBundleDir }),
      };
      return Promise.resolve();
    },
  };
}

function withoutNoteTexts(assessment: RiskAssessment): RiskAssessment {
  const { record, tensors } = assessment;
  return {
    ...assessment,
    record: { ...record, notes: record.notes.map((note) => ({ ...note, text: '' })) },
    tensors: {
      ...tensors,
      notes: { ...tensors.notes, chunks: tensors.notes.chunks.map((chunk) => ({ ...chunk, text: '' })) },
    },
  };
}
