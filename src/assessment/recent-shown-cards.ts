import type { EarlierCard, ShownCards } from '../store/assessment-store.js';
import type { AnsweredCall } from './answered-call.js';
import { shownTier } from './cooldown.js';

/** Cards that were shown, of answered calls at hand (newest first): for a store that keeps them in memory. */
export function recentShownCards(recent: () => readonly AnsweredCall[]): ShownCards {
  return {
    since: ({ clientId, tenant, patientId, fhirServer }, sinceMs) =>
      Promise.resolve(
        recent()
          .filter(({ client, subject, display, answeredAtMs }) => {
            const isOfClient = client.id === clientId && client.tenant === tenant;
            const isOfPatient = subject.patientId === patientId && subject.fhirServer === fhirServer;
            return isOfClient && isOfPatient && display.kind === 'shown' && answeredAtMs >= sinceMs;
          })
          .map(earlierCard),
      ),
  };
}

function earlierCard({ answeredAtMs, assessment }: AnsweredCall): EarlierCard {
  return {
    answeredAtMs,
    tier: shownTier(assessment),
    products: [...new Set(assessment.orders.flatMap(({ products }) => products))],
    orders: assessment.orders.map(({ reference }) => reference),
  };
}
