// SPDX-License-Identifier: MIT
import { mutate } from '@sda-lab/conformance';
import type { ConversionRequest, Host, Instance, Side, Status, Strategy } from '@sda-lab/guest-memory';

type Convert = Instance['convert'];

/** The carrier with another conversion around its own; `wrap` is called once per instance. */
export function converting(carrier: Strategy, wrap: (convert: Convert, host: Host) => Convert): Strategy {
  return mutate(carrier, () => ({
    instance: (instance, host) => ({ ...instance, convert: wrap((...request) => instance.convert(...request), host) }),
  }));
}

/** Conversions to one side go another way. */
export function convertingTo(
  side: Side,
  carrier: Strategy,
  wrong: (convert: Convert, host: Host, request: ConversionRequest) => Status,
): Strategy {
  return converting(
    carrier,
    (convert, host) => (request, to) => (to === side ? wrong(convert, host, request) : convert(request, to)),
  );
}
