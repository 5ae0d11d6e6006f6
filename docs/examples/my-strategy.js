// SPDX-License-Identifier: MIT
// A whole design in one file. It keeps which pages are shared and, per device container and section, which pages are
// mapped; it maps page by page, and takes back what it did when somebody refuses.
//
//   to shared:  switch the side, map everywhere, free the private side     refused: unmap, switch back, try again later
//   to private: unmap everywhere, switch the side, free the shared side    refused: map again, try again later
//
// A conversion may come while a device comes or goes, so everything happens under one lock.

const EAGAIN = -11; // Refused for now: the guest may ask again.
const EINVAL = -22;

class MyDesign {
  #host;
  /** Block -> the pages of it that are shared. */
  #shared = new Map();
  /** One per container and section: { consumer, section, mapped }. */
  #followers = [];

  constructor(host) {
    this.#host = host;
  }

  /** A block of RAM comes, all private; without guest_memfd no page of it can be. */
  addBlock(block) {
    const pages = block.hasGuestMemfd ? [] : Array.from({ length: block.pageCount }, (_, page) => page);
    this.#shared.set(block, new Set(pages));
    return 0;
  }

  /** A device comes: whatever is shared already must be mapped before this answers 0. */
  subscribe(consumer, section) {
    return this.#alone(() => this.#subscribe(consumer, section));
  }

  /** A device goes: nothing of it may stay mapped. */
  unsubscribe(consumer, section) {
    this.#alone(() => this.#unsubscribe(consumer, section));
  }

  /** The guest asks for a conversion. */
  convert({ pages, gfns }, to) {
    return this.#alone(() => (to === 'shared' ? this.#share(pages, gfns) : this.#unshare(pages, gfns)));
  }

  /** What dump and migration see: every page, with its side. Devices are shown the shared ones. */
  runs(block, view, firstPage, endPage, emit) {
    return this.#alone(() => this.#show(block, view, firstPage, endPage, emit));
  }

  /** First thing in each call, outside of the `try`: where somebody else has the lock, `lock` does not come back. */
  #alone(act) {
    this.#host.lock('my-strategy');
    try {
      return act();
    } finally {
      this.#host.unlock('my-strategy');
    }
  }

  #subscribe(consumer, section) {
    if (consumer.smallestPages > 1) return EINVAL;
    const follower = { consumer, section, mapped: new Set() };
    const shared = this.#shared.get(section.block);
    const status = agree([follower], 0, section.block.pageCount, (page) => shared.has(page));
    if (status === 0) this.#followers.push(follower);
    return status;
  }

  #unsubscribe(consumer, section) {
    const leaving = this.#followers.find((one) => one.consumer === consumer && one.section === section);
    this.#followers = this.#followers.filter((one) => one !== leaving);
    for (const page of [...leaving.mapped]) perform(leaving, page, false);
  }

  #show(block, view, firstPage, endPage, emit) {
    const shared = this.#shared.get(block);
    for (let page = firstPage; page < endPage; page += 1) {
      const side = shared.has(page) ? 'shared' : 'private';
      if (side === 'private' && (view === 'dma' || view === 'translate')) continue;
      const status = emit(page, page + 1, side);
      if (status !== 0) return status;
    }
    return 0;
  }

  #share(pages, gfns) {
    const { block, firstPage, endPage } = pages;
    const shared = this.#shared.get(block);
    const switched = this.#switchSide(pages, gfns, 'shared');
    if (switched !== 0) return switched;
    if (agree(this.#followersOf(block), firstPage, endPage, () => true) !== 0) {
      this.#takeBack(pages, gfns);
      return EAGAIN;
    }
    for (let page = firstPage; page < endPage; page += 1) shared.add(page);
    return this.#free(pages, 'private');
  }

  #unshare(pages, gfns) {
    const { block, firstPage, endPage } = pages;
    const shared = this.#shared.get(block);
    if (agree(this.#followersOf(block), firstPage, endPage, () => false) !== 0) return EAGAIN;
    const switched = this.#switchSide(pages, gfns, 'private');
    if (switched !== 0) {
      agree(this.#followersOf(block), firstPage, endPage, (page) => shared.has(page));
      return switched;
    }
    for (let page = firstPage; page < endPage; page += 1) shared.delete(page);
    return this.#free(pages, 'shared');
  }

  /** Private again, unless somebody would not let go of a page either: that stays shared, and a retry goes on. */
  #takeBack({ block, firstPage, endPage }, { firstGfn }) {
    const shared = this.#shared.get(block);
    const back = [];
    for (let page = firstPage; page < endPage; page += 1) {
      if (shared.has(page)) continue;
      if (this.#followersOf(block).some(({ mapped }) => mapped.has(page))) shared.add(page);
      else back.push(page);
    }
    for (const page of back) {
      const one = { block, firstPage: page, endPage: page + 1 };
      const gfn = firstGfn + page - firstPage;
      this.#switchSide(one, { firstGfn: gfn, endGfn: gfn + 1 }, 'private');
      this.#free(one, 'shared');
    }
  }

  /** With two backings KVM is told; with one guest_memfd its frames change owner, and there is nothing to free. */
  #switchSide(pages, gfns, side) {
    const host = this.#host;
    return host.regime === 'in-place' ? host.convertInPlace(pages, side) : host.setAttributes(gfns, side);
  }

  #free(pages, side) {
    if (this.#host.regime === 'in-place') return 0;
    const { block, firstPage, endPage } = pages;
    const { hugePages = 1 } = block;
    if (side === 'private' || hugePages === 1) return this.#host.discard(pages, side);
    // Behind the shared side is hugetlbfs: a huge page goes whole, once no page of it is shared.
    const shared = this.#shared.get(block);
    for (let first = firstPage - (firstPage % hugePages); first < endPage; first += hugePages) {
      const huge = { block, firstPage: first, endPage: first + hugePages };
      const isShared = Array.from({ length: hugePages }, (_, at) => first + at).some((page) => shared.has(page));
      const status = isShared ? 0 : this.#host.discard(huge, 'shared');
      if (status !== 0) return status;
    }
    return 0;
  }

  #followersOf(block) {
    return this.#followers.filter(({ section }) => section.block === block);
  }
}

/** Maps and unmaps until every follower holds what is wanted; the first refusal undoes all of it, last step first. */
function agree(followers, firstPage, endPage, isWanted) {
  const done = [];
  for (const follower of followers) {
    const { section, mapped } = follower;
    const end = Math.min(endPage, section.firstPage + section.pageCount);
    for (let page = Math.max(firstPage, section.firstPage); page < end; page += 1) {
      const wanted = isWanted(page);
      if (mapped.has(page) === wanted) continue;
      const status = perform(follower, page, wanted);
      if (status === 0) {
        done.push([follower, page, wanted]);
        continue;
      }
      for (const [one, undone, wasMap] of done.reverse()) perform(one, undone, !wasMap);
      return status;
    }
  }
  return 0;
}

/** One call for one page; what is refused has not happened. */
function perform({ consumer, section, mapped }, page, isMap) {
  const status = isMap
    ? consumer.mapRun(section, 'shared', page, 1, 1)
    : consumer.unmapRun(section, 'shared', page, 1);
  if (status === 0 && isMap) mapped.add(page);
  if (status === 0 && !isMap) mapped.delete(page);
  return status;
}

export default {
  id: 'my-strategy',
  title: 'Shared pages mapped one by one, taken back on refusal',
  capabilities: { views: true, regimes: ['two-backend', 'in-place'] },
  create: (host) => new MyDesign(host),
};
