// SPDX-License-Identifier: MIT
/** The models that can be searched. */
import type { ModelKind } from './model-kind.ts';
import { perPageKind } from './per-page-kind.ts';
import type { ModelId } from './search-request.ts';
import { worldKind } from './world-kind.ts';

export const MODELS: Readonly<Record<ModelId, ModelKind>> = { world: worldKind, 'per-page': perPageKind };
