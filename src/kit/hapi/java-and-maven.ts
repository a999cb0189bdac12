import { spawn } from 'node:child_process';

/** What a HAPI server is built and run with, or why it cannot be. */
export type JavaAndMaven =
  | { readonly kind: 'found'; readonly java: string; readonly maven: string; readonly javaVersion: number }
  | { readonly kind: 'missing'; readonly why: string };

/** Commands to ask, for tests. */
export interface ToolNames {
  readonly java?: string;
  readonly maven?: string;
}

const LEAST_JAVA = 17;

/** Looks for Java 17 or newer and Maven on the path. Never throws: without them the answer says what is missing and what to do. */
export async function javaAndMaven({ java = 'java', maven = 'mvn' }: ToolNames = {}): Promise<JavaAndMaven> {
  const [javaSays, mavenSays] = await Promise.all([ask(java, ['-version']), ask(maven, ['-version'])]);
  if (javaSays === undefined) return missing(`there is no Java here ('${java}' does not run)`);
  const javaVersion = versionOf(javaSays);
  if (javaVersion === undefined) return missing(`'${java} -version' names no version`);
  if (javaVersion < LEAST_JAVA) return missing(`Java is of version ${javaVersion}`);
  if (mavenSays === undefined) return missing(`there is no Maven here ('${maven}' does not run)`);
  return { kind: 'found', java, maven, javaVersion };
}

function missing(what: string): JavaAndMaven {
  return {
    kind: 'missing',
    why: `${what}; a HAPI FHIR server needs Java ${LEAST_JAVA} or newer, and Maven to build it`,
  };
}

/** The first number of `version "17.0.15"`; `1.8` means 8. */
function versionOf(text: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (first === undefined) return undefined;
  return Number(first === '1' ? (second ?? first) : first);
}

/** All that a command prints; undefined where it does not run or fails. */
function ask(command: string, parameters: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? said : undefined));
  });
}
