// SPDX-License-Identifier: MIT
// The vitest settings of every package. vitest runs with the package folder as its working directory.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Node 22.18 and newer run TypeScript themselves; there the tests import natively, which keeps
// calls between modules as fast as in the built code. Node 20 goes through vite's module runner.
const runsTypeScript = 'typescript' in process.features && process.features.typescript !== false;

const sourceCondition = '@sda-lab/source';

export function testConfig() {
  return defineConfig({
    // This list replaces vite's default, so the default conditions are repeated.
    ssr: { resolve: { conditions: [sourceCondition, 'module', 'node', 'development|production'] } },
    test: {
      include: ['test/**/*.test.ts'],
      // A test folder without a test is a mistake; a package without the folder is not.
      passWithNoTests: !existsSync('test'),
      setupFiles: [fileURLToPath(new URL('./vitest.setup.mjs', import.meta.url))],
      execArgv: [`--conditions=${sourceCondition}`],
      experimental: { viteModuleRunner: !runsTypeScript },
      reporters: ['default', 'json'],
      // The door sums these reports; turbo restores them together with a cached result.
      outputFile: { json: 'out/vitest.json' },
      // A property on a busy machine takes many times its usual second; a hang still ends.
      testTimeout: 300_000,
      hookTimeout: 300_000,
      // turbo runs two packages side by side on two cores.
      maxWorkers: 1,
    },
  });
}
