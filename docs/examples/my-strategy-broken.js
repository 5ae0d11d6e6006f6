// SPDX-License-Identifier: MIT
// The same design with one mistake, to see what a finding looks like.
import myStrategy from './my-strategy.js';

export default {
  ...myStrategy,
  id: 'my-strategy-broken',
  title: 'The same, but a refusal does not reach the guest',
  create(host) {
    const design = myStrategy.create(host);
    const convert = design.convert.bind(design);
    // The mistake. QEMU's RFC series of July 2024 lost the result in the same place.
    design.convert = (request, to) => {
      convert(request, to);
      return 0;
    };
    return design;
  },
};
