// SPDX-License-Identifier: MIT
// Runs a line as a person types it into a shell that was opened for it: nothing of npm, vitest or turbo, which run this
// test, is left in its environment.
import { spawn } from 'node:child_process';

const OURS = /^(npm_|pnpm_|vitest|turbo|node_options$|node_env$|test$|init_cwd$|force_color$)/i;

export interface ShellRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runShell(line: string, cwd: string, environment: Readonly<Record<string, string>> = {}): Promise<ShellRun> {
  const inherited = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment };
  return new Promise((resolve, reject) => {
    const child = spawn(line, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
