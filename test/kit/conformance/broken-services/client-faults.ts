import { at, outcome, Refusal, TINY_ISSUER, TINY_ORIGIN } from '../tiny-service.js';
import type { BrokenService } from './broken-service.js';

/** Faults in how clients are told apart: feedback, tokens, CORS. */
export const CLIENT_FAULTS: readonly BrokenService[] = [
  {
    fault: 'several items of feedback are refused',
    fails: ['feedback-several'],
    change: () => ({ feedbackStatus: (items) => (items.length > 1 ? 400 : 200) }),
  },
  {
    fault: 'feedback needs a comment',
    fails: ['feedback-outcomes'],
    change: () => ({
      feedbackStatus: (items) =>
        items.some(
          (item) => item['outcome'] === 'overridden' && at(item, 'overrideReason', 'userComment') === undefined,
        )
          ? 400
          : 200,
    }),
  },
  {
    fault: 'feedback on an unknown card is refused',
    fails: ['feedback-unknown-card'],
    change: () => ({
      feedbackStatus: (items, known) => (items.length === 1 && !known.has(String(items[0]?.['card'])) ? 404 : 200),
    }),
  },

  {
    fault: 'alg none is taken',
    fails: ['jwt-none'],
    change: () => ({ skipsSignature: (header) => header['alg'] === 'none' }),
  },
  {
    fault: 'HS256 is taken',
    fails: ['jwt-symmetric'],
    change: () => ({ skipsSignature: (header) => header['alg'] === 'HS256' }),
  },
  {
    fault: 'a token for another address is taken',
    fails: ['jwt-audience'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences, seen) => acceptsClaims({ ...claims, aud: [...audiences] }, audiences, seen),
    }),
  },
  {
    fault: 'an expired token is taken',
    fails: ['jwt-expired'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: ({ exp = 0, iat = 0, ...claims }, audiences, seen) => {
        const later = Math.max(0, Math.floor(Date.now() / 1000) - exp + 1);
        return acceptsClaims({ ...claims, exp: exp + later, iat: iat + later }, audiences, seen);
      },
    }),
  },
  {
    fault: 'a token is taken twice',
    fails: ['jwt-replay'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences) => acceptsClaims(claims, audiences, new Set()),
    }),
  },
  {
    fault: 'the 401 tells why',
    warns: ['jwt-opaque-401'],
    change: () => ({ refusal: (why) => outcome('login', why === 'signature' ? 'invalid signature' : 'invalid') }),
  },

  {
    fault: 'a preflight without CORS headers',
    fails: ['cors-preflight'],
    change: () => ({ preflightHeaders: () => ({}) }),
  },
  {
    fault: 'refusals without CORS headers',
    fails: ['cors-answers'],
    change: ({ answerHeaders }) => ({ answerHeaders: (status) => (status === 200 ? answerHeaders(status) : {}) }),
  },
  {
    fault: 'every origin, with credentials',
    fails: ['cors-credentials'],
    change: () => ({
      answerHeaders: () => ({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' }),
    }),
  },
  {
    fault: 'one origin without Vary',
    warns: ['cors-vary'],
    change: () => ({ answerHeaders: () => ({ 'Access-Control-Allow-Origin': TINY_ORIGIN }) }),
  },

  {
    fault: 'all feedback is refused',
    fails: ['feedback-taken', 'feedback-outcomes', 'feedback-several', 'feedback-unknown-card'],
    warns: ['feedback-authentication'],
    change: () => ({ feedbackStatus: () => 422 }),
  },
  {
    fault: 'repeated feedback is refused',
    fails: ['feedback-repeated'],
    change: () => {
      const taken = new Set<string>();
      return {
        feedbackStatus: (items) => {
          const text = JSON.stringify(items);
          if (taken.has(text)) return 409;
          taken.add(text);
          return 200;
        },
      };
    },
  },
  { fault: 'feedback is answered 201', warns: ['feedback-answer'], change: () => ({ feedbackStatus: () => 201 }) },
  {
    fault: 'feedback without a token is taken',
    fails: ['feedback-authentication'],
    change: () => ({ feedbackIsOpen: true }),
  },
  {
    fault: 'aud as a list is refused',
    fails: ['jwt-accepted'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences, seen) =>
        typeof claims.aud === 'string' && acceptsClaims(claims, audiences, seen),
    }),
  },
  {
    fault: 'a token of any issuer is taken',
    fails: ['jwt-issuer'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences, seen) => acceptsClaims({ ...claims, iss: TINY_ISSUER }, audiences, seen),
    }),
  },
  {
    fault: 'no signature is verified',
    fails: ['jwt-signature'],
    warns: ['jwt-kid', 'jwt-jku'],
    change: () => ({ skipsSignature: (header) => header['alg'] === 'ES384' }),
  },
  {
    fault: 'an unknown kid is taken',
    warns: ['jwt-kid'],
    change: () => ({ skipsSignature: (header) => header['kid'] !== 'tiny-client' }),
  },
  {
    fault: 'any jku is trusted',
    warns: ['jwt-jku'],
    change: () => ({ skipsSignature: (header) => header['jku'] !== undefined }),
  },
  {
    fault: 'a token for a day is taken',
    warns: ['jwt-lifetime'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: ({ exp = 0, iat = 0, ...claims }, audiences, seen) =>
        acceptsClaims({ ...claims, iat, exp: Math.min(exp, iat + 3_600) }, audiences, seen),
    }),
  },
  {
    fault: 'a session cookie',
    warns: ['no-cookies'],
    change: ({ answerHeaders }) => ({
      answerHeaders: (status) => ({ ...answerHeaders(status), 'Set-Cookie': 'session=1; HttpOnly' }),
    }),
  },
  {
    fault: 'discovery without a token is 403',
    warns: ['discovery-open-or-401'],
    change: ({ discovery }) => ({
      discovery: (hasToken) => {
        if (!hasToken) throw new Refusal(403);
        return discovery(hasToken);
      },
    }),
  },
  {
    fault: 'discovery at the wrong address',
    fails: ['discovery-address'],
    change: () => ({ discoveryPath: '/services' }),
  },
];
