import { randomUUID } from 'node:crypto';
import { textMember } from '../../../sandbox/resource-json.js';
import type { Exchange } from '../exchange.js';
import { accepted, cardsIn, overridden, type Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, type Finding } from '../rule.js';
import { objectsAt } from './found.js';

/** 1.10 of the reference. Not applicable where the service takes no feedback, which it MAY not. */
export const FEEDBACK_RULES = rulesOf({ section: 'feedback', needs: 'feedback' }, [
  {
    id: 'feedback-taken',
    requirements: ['56'],
    title: 'Feedback on a card that was overridden is taken',
    check: async (probe) => taken(await probe.firstFeedback()),
  },
  {
    id: 'feedback-outcomes',
    requirements: ['57', 'cds-fb-1', 'cds-fb-2', 'cds-fb-3'],
    title: 'Each form of an outcome is taken: accepted, a reason without display, only a comment, both',
    check: async (probe) => {
      const { card, suggestion } = await cardWithSuggestion(probe);
      const reason = {
        system: 'http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes',
        code: 'cds-not-applicable',
      };
      const forms: readonly (readonly [label: string, item: object])[] = [
        ['accepted', accepted(card, suggestion)],
        ['a reason without display', overridden(card, { reason })],
        ['a comment only', overridden(card, { userComment: 'Conformance test' })],
        ['reason and comment', overridden(card, { reason, userComment: 'Conformance test' })],
      ];
      for (const [label, item] of forms) {
        const answer = await probe.sendFeedback(`feedback: ${label}`, [item]);
        if (!isTaken(answer)) return fail(`${label}: HTTP ${answer.status}`, answer);
      }
      return pass(`${forms.length} forms`);
    },
  },
  {
    id: 'feedback-several',
    requirements: ['58'],
    title: 'Several items in one POST, on several cards, are taken',
    check: async (probe) => {
      const { card } = await cardWithSuggestion(probe);
      return taken(
        await probe.sendFeedback(
          'feedback: three items',
          [card, card, randomUUID()].map((id) => overridden(id)),
        ),
      );
    },
  },
  {
    id: 'feedback-unknown-card',
    requirements: ['58'],
    title: 'Feedback on a card that the service does not know is taken',
    check: async (probe) => taken(await probe.sendFeedback('feedback: unknown card', [overridden(randomUUID())])),
  },
  {
    id: 'feedback-repeated',
    requirements: ['58'],
    title: 'The same feedback twice is taken twice',
    check: async (probe) => {
      const item = overridden((await cardWithSuggestion(probe)).card);
      const first = await probe.sendFeedback('feedback, to be repeated', [item]);
      if (!isTaken(first)) return notApplicable('the first time it was not taken', first);
      return taken(await probe.sendFeedback('feedback, repeated', [item]));
    },
  },
  {
    id: 'feedback-answer',
    requirements: ['59'],
    level: 'SHOULD',
    source: 'practice',
    title: 'Feedback is answered 200, with an empty body or JSON',
    isReview: true,
    check({ exchanges }) {
      const answers = exchanges.filter((exchange) => exchange.kind === 'feedback' && isTaken(exchange));
      const odd = answers.find(({ status, text, body }) => status !== 200 || (text !== '' && body === undefined));
      return odd ? fail(`HTTP ${odd.status}`, odd) : pass(`${answers.length} answers`);
    },
  },
]);

/** A suggestion of a card, or ids that nobody knows. */
async function cardWithSuggestion(probe: Probe): Promise<{ readonly card: string; readonly suggestion: string }> {
  const exchange = await probe.standard();
  const found = cardsIn(exchange.body).map((value) => {
    const suggestions = objectsAt({ value, path: 'cards', exchange }, 'suggestions');
    return { card: textMember(value, 'uuid'), suggestion: textMember(suggestions[0]?.value, 'uuid') };
  });
  const best = found.find(({ suggestion }) => suggestion !== undefined) ?? found[0];
  return { card: best?.card ?? randomUUID(), suggestion: best?.suggestion ?? randomUUID() };
}

function isTaken({ status }: Exchange): boolean {
  return status >= 200 && status < 300;
}

function taken(answer: Exchange): Finding {
  return isTaken(answer) ? pass(`HTTP ${answer.status}`, answer) : fail(`HTTP ${answer.status}`, answer);
}
