/** Is this path (of the build context, without a leading slash) kept out of the image? */
export type IsIgnored = (path: string) => boolean;

/**
 * The rules of a `.dockerignore`: patterns of whole paths, the last one that fits a path or a folder above it decides, `!` takes back.
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseDockerIgnore(text: string): IsIgnored {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => {
    const paths = withFolders(path);
    let isIgnored = false;
    for (const { ignores, pattern } of rules) if (paths.some((one) => pattern.test(one))) isIgnored = ignores;
    return isIgnored;
  };
}

/** `a/b/c` is `a`, `a/b` and `a/b/c`. */
function withFolders(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function patternOf(pattern: string): RegExp {
  const clean = pattern.replace(/^\/+|\/+$/g, '');
  const source = clean
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => WILDCARDS[part] ?? part.replace(/[.+^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${source}$`);
}

const WILDCARDS: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' };
