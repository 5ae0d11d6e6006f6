// SPDX-License-Identifier: MIT
import { testConfig } from '@sda-lab/config/vitest';

export default testConfig();
