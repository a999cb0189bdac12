import { rulesOf } from '../rule.js';
import { each, given, isAbsoluteUrl, isText, linksOf } from './found.js';

const TYPES: ReadonlySet<unknown> = new Set(['absolute', 'smart']);

/** 1.9 of the reference. */
export const LINK_RULES = rulesOf({ section: 'link', needs: 'call', isReview: true }, [
  {
    id: 'link-members',
    requirements: ['52'],
    title: 'A link has label, url and type; type is absolute or smart',
    check: (probe) =>
      each('links', linksOf(probe), ({ value }) => {
        const lacking = ['label', 'url', 'type'].filter((name) => !isText(given(value, name)));
        if (lacking.length > 0) return `has no ${lacking.join(', ')}`;
        return TYPES.has(given(value, 'type')) ? undefined : `has type ${JSON.stringify(given(value, 'type'))}`;
      }),
  },
  {
    id: 'link-url-absolute',
    requirements: ['52'],
    title: "A link's url is absolute",
    check: (probe) =>
      each('links', linksOf(probe), ({ value }) => {
        const url = given(value, 'url');
        return url === undefined || isAbsoluteUrl(url) ? undefined : 'has a url that is not absolute';
      }),
  },
  {
    id: 'link-app-context',
    requirements: ['53', 'cds-resp-3'],
    title: 'appContext is a text and stands with smart links only',
    check: (probe) =>
      each('links', linksOf(probe), ({ value }) => {
        const appContext = given(value, 'appContext');
        if (appContext === undefined) return undefined;
        if (!isText(appContext)) return 'has an appContext that is no text';
        return given(value, 'type') === 'smart' ? undefined : 'has an appContext and is not smart';
      }),
  },
  {
    id: 'link-smart-launch',
    requirements: ['54'],
    level: 'SHOULD',
    title: 'The url of a smart link is a launch URL: launch and iss are left to the client',
    check: (probe) =>
      each(
        'smart links',
        linksOf(probe).filter(({ value }) => given(value, 'type') === 'smart'),
        ({ value }) => {
          const url = given(value, 'url');
          if (!isText(url) || !URL.canParse(url)) return undefined;
          const { searchParams } = new URL(url);
          return searchParams.has('launch') || searchParams.has('iss') ? 'has launch or iss in its url' : undefined;
        },
      ),
  },
  {
    id: 'link-autolaunchable',
    requirements: ['55'],
    level: 'MAY',
    title: 'autolaunchable, where given, is true or false',
    check: (probe) =>
      each('links', linksOf(probe), ({ value }) => {
        const launchable = given(value, 'autolaunchable');
        if (launchable === undefined || typeof launchable === 'boolean') return undefined;
        return 'has an autolaunchable that is no boolean';
      }),
  },
]);
