import { randomUUID } from 'node:crypto';
import { cardWith, firstOf, type BrokenService } from './broken-service.js';

const SAME_UUID = randomUUID();

/** Faults in responses and cards. */
export const CONTENT_FAULTS: readonly BrokenService[] = [
  {
    fault: '200 without cards',
    fails: ['response-cards'],
    change: () => ({ otherOrders: () => ({ status: 'nothing to say' }) }),
  },
  {
    fault: 'system actions without a resource',
    fails: ['system-actions'],
    change: () => ({ envelope: (cards) => ({ cards, systemActions: [{ type: 'update' }] }) }),
  },

  {
    fault: 'a summary of 140 characters',
    fails: ['card-summary'],
    change: cardWith({ summary: 'x'.repeat(140) }),
  },
  {
    fault: 'a summary of 139 characters and 140 UTF-16 units',
    fails: ['card-summary'],
    change: cardWith({ summary: `${'x'.repeat(138)}🩸` }),
  },
  { fault: 'indicator danger', fails: ['card-indicator'], change: cardWith({ indicator: 'danger' }) },
  { fault: 'HTML in detail', warns: ['card-detail-markdown'], change: cardWith({ detail: '<b>Restrictive</b>' }) },
  { fault: 'a detail that is no text', fails: ['card-detail'], change: cardWith({ detail: 7 }) },
  {
    fault: 'no source.label',
    fails: ['card-source'],
    change: cardWith({ source: { url: 'https://tiny.example.org' } }),
  },
  { fault: 'the same uuid on each call', fails: ['card-uuid'], change: cardWith({ uuid: SAME_UUID }) },
  {
    fault: 'suggestions without selectionBehavior',
    fails: ['card-selection-behavior'],
    change: cardWith({ selectionBehavior: undefined }),
  },
  {
    fault: 'an override reason without display',
    fails: ['card-override-reasons'],
    change: cardWith({ overrideReasons: [{ system: 'https://tiny.example.org', code: 'x' }] }),
  },
  { fault: 'a member of its own on the card', warns: ['card-own-members'], change: cardWith({ title: 'Tiny' }) },

  {
    fault: 'a suggestion without label',
    fails: ['suggestion-members'],
    change: cardWith((card) => ({ suggestions: [{ ...firstOf(card, 'suggestions'), label: undefined }] })),
  },
  {
    fault: 'two recommended suggestions of at-most-one',
    fails: ['suggestion-one-recommended'],
    change: cardWith((card) => ({ suggestions: [firstOf(card, 'suggestions'), firstOf(card, 'suggestions')] })),
  },
  {
    fault: 'an action without description',
    fails: ['suggestion-actions'],
    change: cardWith((card) => ({
      suggestions: [
        { ...firstOf(card, 'suggestions'), actions: [{ type: 'delete', resourceId: 'ServiceRequest/draft-1' }] },
      ],
    })),
  },
  {
    fault: 'an actionSelectionBehavior that does not exist',
    fails: ['action-selection-behavior'],
    change: cardWith((card) => ({
      suggestions: [{ ...firstOf(card, 'suggestions'), actionSelectionBehavior: 'some' }],
    })),
  },

  {
    fault: 'a relative link',
    fails: ['link-url-absolute'],
    change: cardWith({ links: [{ label: 'Read more', url: '/more', type: 'absolute' }] }),
  },
  {
    fault: 'a link of type web',
    fails: ['link-members'],
    change: cardWith({ links: [{ label: 'Read more', url: 'https://tiny.example.org/more', type: 'web' }] }),
  },
  {
    fault: 'appContext on an absolute link',
    fails: ['link-app-context'],
    change: cardWith({
      links: [{ label: 'Read more', url: 'https://tiny.example.org/more', type: 'absolute', appContext: 'x' }],
    }),
  },

  { fault: 'an extension that is a text', fails: ['extension-objects'], change: cardWith({ extension: 'tiny' }) },

  { fault: 'links that are no list', fails: ['card-members'], change: cardWith({ links: { label: 'Read more' } }) },
  {
    fault: 'launch in the url of a smart link',
    warns: ['link-smart-launch'],
    change: cardWith({ links: [{ label: 'Open', url: 'https://tiny.example.org/launch?launch=1', type: 'smart' }] }),
  },
  {
    fault: 'an autolaunchable that is a text',
    warns: ['link-autolaunchable'],
    change: cardWith({
      links: [{ label: 'Open', url: 'https://tiny.example.org/launch', type: 'smart', autolaunchable: 'yes' }],
    }),
  },
  {
    fault: 'one associated resource instead of a list',
    warns: ['associated-resource'],
    change: cardWith({ extension: { 'davinci-crd.associated-resource': 'ServiceRequest/draft-1' } }),
  },
];
