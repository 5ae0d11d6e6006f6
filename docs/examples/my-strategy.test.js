// SPDX-License-Identifier: MIT
import { describeConformance } from '@sda-lab/conformance/vitest';
import myStrategy from './my-strategy.js';

describeConformance(myStrategy, { backends: ['type1v2', 'iommufd'] });
