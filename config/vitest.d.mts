// SPDX-License-Identifier: MIT
import type { ViteUserConfig } from 'vitest/config';

/** The vitest settings every package uses; called from the package's own vitest.config.ts. */
export declare function testConfig(): ViteUserConfig;
