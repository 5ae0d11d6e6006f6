// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { HistoryError, historyFromJsonLines, parseHistory } from '../src/index.ts';

function refusalOf(read: () => unknown): HistoryError {
  try {
    read();
  } catch (error) {
    if (error instanceof HistoryError) return error;
    throw error;
  }
  throw new Error('it was read');
}

/** The text, what the refusal must name, and what it must say would be right. */
type Row = readonly [text: string, named: string, right: string];

const OPERATIONS: readonly Row[] = [
  ['attach(c0); frobnicate(1)', "operation 2 is 'frobnicate(1)'", 'known are convert(PAGE+COUNT,shared|private), request('],
  ['Convert(0+1,shared)', "operation 1 is 'Convert(0+1,shared)'", 'known are convert('],
  ['constructor', "operation 1 is 'constructor'", 'known are convert('],
  ['touch(0); world(pages=2)', "operation 2 is 'world(pages=2)'", 'known are convert('],
  ['convert(0+1,shared', "operation 1 is 'convert(0+1,shared'", 'convert(PAGE+COUNT,shared|private)'],
  ['convert(0,shared)', "operation 1 is 'convert(0,shared)'", 'write convert(PAGE+COUNT,shared|private)'],
  ['convert(0+0,shared)', "operation 1 is 'convert(0+0,shared)'", 'write convert(PAGE+COUNT,shared|private)'],
  ['convert(0+1,public)', "operation 1 is 'convert(0+1,public)'", 'write convert(PAGE+COUNT,shared|private)'],
  ['convert(-1+1,shared)', "operation 1 is 'convert(-1+1,shared)'", 'write convert(PAGE+COUNT,shared|private)'],
  ['attach', "operation 1 is 'attach'", 'write attach(cN)'],
  ['attach(c0,c0)', "operation 1 is 'attach(c0,c0)'", 'write attach(cN)'],
  ['attach(c0)\ntouch(0)', "operation 1 is 'attach(c0) touch(0)'", 'write attach(cN)'],
  ['detach(m0)', "operation 1 is 'detach(m0)'", 'write detach(cN)'],
  ['refuse(c0,map,0,ENOMEM)', "operation 1 is 'refuse(c0,map,0,ENOMEM)'", 'write refuse(cN,map|unmap,K,ERRNO[,once])'],
  ['refuse(c0,map,1,EWHAT)', "operation 1 is 'refuse(c0,map,1,EWHAT)'", 'write refuse(cN,map|unmap,K,ERRNO[,once])'],
  ['request(0+0x1000,shared)', "operation 1 is 'request(0+0x1000,shared)'", 'write request(0xADDRESS+0xSIZE,shared|private)'],
  ['request(0x0,shared)', "operation 1 is 'request(0x0,shared)'", 'write request(0xADDRESS+0xSIZE,shared|private)'],
  ['request(0x0+0x10000000000000000,shared)', "operation 1 is 'request(0x0+0x10000000000000000,shared)'", 'write request('],
  ['request(0xg+0x1000,shared)', "operation 1 is 'request(0xg+0x1000,shared)'", 'write request('],
  ['world(vmem=1x1); add-source(m0,1)', "operation 1 is 'add-source(m0,1)'", 'write add-source(mN)'],
  ['dma(c0,0,peek)', "operation 1 is 'dma(c0,0,peek)'", 'write dma(cN,PAGE,read|write)'],
  ['touch(1.5)', "operation 1 is 'touch(1.5)'", 'write touch(PAGE)'],
  ['touch(99999999999999999999)', "operation 1 is 'touch(99999999999999999999)'", 'write touch(PAGE)'],
  ['balloon(0)', "operation 1 is 'balloon(0)'", 'write balloon(PAGE+COUNT)'],
  ['migrate(send)', "operation 1 is 'migrate(send)'", 'write migrate(start|finish|load[,late])'],
  ['migrate(load,early)', "operation 1 is 'migrate(load,early)'", 'write migrate(start|finish|load[,late])'],
  ['migrate(start,late)', 'operation 1 (migrate) says late', 'only a load can be late'],
  ['read(one)', "operation 1 is 'read(one)'", 'write read(PAGE)'],
  ['cpr(0)', "operation 1 is 'cpr(0)'", 'write cpr(cN)'],
  ['viommu-map(c0,5,0)', "operation 1 is 'viommu-map(c0,5,0)'", 'write viommu-map(cN,IOVA_PAGE,PAGE+COUNT)'],
  ['viommu-map(c0,5,0+1)', 'operation 1 (viommu-map) names container c0', 'behind no vIOMMU'],
  ['viommu-unmap(c0,5+1)', 'operation 1 (viommu-unmap) names container c0', 'write cN:BACKEND+viommu'],
  ['viommu-unmap(c0,65536+1)', "operation 1 is 'viommu-unmap(c0,65536+1)'", 'write viommu-unmap(cN,IOVA_PAGE+COUNT)'],
  ['dump()', "operation 1 is 'dump()'", 'write dump'],
  ['reset(1)', "operation 1 is 'reset(1)'", 'write reset'],
  ['heal(c0)', "operation 1 is 'heal(c0)'", 'write heal'],
  ['world(vmem=1x1); plug(m0,0)', "operation 1 is 'plug(m0,0)'", 'write plug(mN,BLOCK+COUNT)'],
  ['world(vmem=1x1); plug(m0,0+65536)', "operation 1 is 'plug(m0,0+65536)'", 'write plug(mN,BLOCK+COUNT)'],
  ['unplug-all', "operation 1 is 'unplug-all'", 'write unplug-all(mN)'],
  ['touch(0); at(1)', "operation 2 is 'at(1)'", 'write at(EVENT,OPERATION)'],
  ['touch(0); at', "operation 2 is 'at'", 'write at(EVENT,OPERATION)'],
  ['touch(0); at(0,touch(1))', "operation 2 is 'at(0,touch(1))'", 'events are counted from 1'],
  ['touch(0); at(x,touch(1))', "operation 2 is 'at(x,touch(1))'", 'write at(EVENT,OPERATION)'],
  ['touch(0); at(1,hit(1))', "operation 2 is 'hit(1)'", 'at(EVENT,OPERATION)'],
  ['touch(0); at(1,touch(a))', "operation 2 is 'touch(a)'", 'write touch(PAGE)'],
  ['touch(0); at(1,at(1,touch(1)))', "operation 2 is 'at(1,at(1,touch(1)))'", 'leave the second at out'],
  ['at(1,touch(1))', 'operation 1 (at) has no operation before it', 'to run inside'],
  ['touch(0); at(1,touch(1)); at(2,touch(2))', 'operation 3 (at) follows another at', 'one operation inside another is all'],
  ['touch(0); at(1,attach(c7))', 'operation 2 (at) runs attach, which names container c7', 'the world has c0'],
  ['', 'nothing there', 'write for example attach(c0); convert(0+1,shared)'],
  [' ; ;', 'nothing there', 'write for example attach(c0); convert(0+1,shared)'],
];

const PLACES: readonly Row[] = [
  ['attach(c1)', 'operation 1 (attach) names container c1', 'the world has c0'],
  ['world(containers=none); attach(c0)', 'operation 1 (attach) names container c0', 'the world has none'],
  ['touch(0); convert(7+2,shared)', 'operation 2 (convert) ends at page 9', 'the world has pages 0 to 7'],
  ['touch(8)', 'operation 1 (touch) ends at page 9', 'the world has pages 0 to 7'],
  ['plug(m0,0+1)', 'operation 1 (plug) names device m0', 'the world has 0 virtio-mem devices'],
  ['world(vmem=2x2/1); del-source(m0)', 'operation 1 (del-source) names m0, whose memslots come and go', 'a region that is always there'],
  ['world(vmem=2x2,4x1@m0); touch(12)', 'operation 1 (touch) ends at page 13', 'the world has pages 0 to 11'],
];

const WORLDS: readonly Row[] = [
  ['world', "'world' is no world(...)", 'write world(pages=8)'],
  ['world(pages=4', "'world(pages=4' is no world(...)", 'write world(pages=8)'],
  ['world(foo=1)', 'has no foo', 'write regime=two-backend|in-place, containers='],
  ['world(constructor=1)', 'has no constructor', 'write regime=two-backend|in-place, containers='],
  ['world(pages)', 'world(pages) has no value', 'write pages=...'],
  ['world(pages=4, pages=5)', 'gives pages twice', 'keep one'],
  ['world(pages=0)', 'world(...) pages', 'Expected >=1'],
  ['world(pages=many)', 'world(...) pages', 'pages=COUNT'],
  ['world(containers=c0)', 'containers.0.backend', 'containers=none|cN:type1v2|iommufd|type1|iommufd-compat-v1|iommufd-compat-v2|vfio-user|vfio-user-strict[/PAGES][+viommu|+tdisp],...'],
  ['world(containers=c0:type9)', 'containers.0.backend', 'containers=none|cN:type1v2|iommufd|type1|iommufd-compat-v1|iommufd-compat-v2|vfio-user|vfio-user-strict[/PAGES][+viommu|+tdisp],...'],
  ['world(containers=d0:type1v2)', 'containers.0.name', 'containers=none|cN:type1v2|iommufd|type1|iommufd-compat-v1|iommufd-compat-v2|vfio-user|vfio-user-strict[/PAGES][+viommu|+tdisp],...'],
  ['world(containers=c0:type1v2,c0:iommufd)', 'names a container twice', 'give each its own cN'],
  ['world(containers=c0:type1v2/3)', 'containers.0.iommuPages', 'Expected a power of two'],
  ['world(containers=c0:type1v2/1)', 'containers.0.iommuPages', 'Expected >=2'],
  ['world(containers=c0:type1v2+gpu)', 'containers.0.kind', '"viommu" | "tdisp"'],
  ['world(containers=c0:type1v2/2+viommu)', 'container c0 has a page size and is behind +viommu', 'give one of the two'],
  ['world(containers=c0:type1v2+tdisp, tee=snp)', 'container c0 is of a TDISP device on type1v2', 'only iommufd'],
  ['world(containers=c0:iommufd+tdisp)', 'container c0 is of a TDISP device', 'give the world tee=snp or tee=tdx'],
  ['world(vmem=2)', 'vmem.0.blockPages', 'vmem=BLOCKSxPAGES[/MEMSLOTBLOCKS][@mN][:shared],...'],
  ['world(vmem=2x2/0)', 'vmem.0.memslotBlocks', 'Expected >=1'],
  ['world(vmem=2x2/3)', 'm0 has 2 blocks and memslots of 3', 'give at most as many'],
  ['world(vmem=2x2:private)', 'vmem.0.shared', 'Expected true'],
  ['world(vmem=2x2,4x1@0)', 'vmem.1.over', 'vmem=BLOCKSxPAGES'],
  ['world(vmem=2x2@m0)', 'm0 is over m0', 'no device before it'],
  ['world(vmem=2x2,4x1@m0,4x1@m1)', 'm2 is over m1', 'with a block of its own'],
  ['world(vmem=2x2,2x1@m0)', 'm1 has 2 pages, the block of m0 has 4', 'give as many'],
  ['world(vmem=2x2/1,4x1@m0)', 'm1 is over m0, whose memslots come and go', 'only a lasting region'],
  ['world(vmem=2x2,4x1@m0:shared)', 'm1 is over the block of m0', 'are said there'],
  ['world(firmware=4097)', 'world(...) firmware', 'Expected <=4096'],
  ['world(readonly=rom)', 'world(...) readonly', 'readonly=none|firmware'],
  ['world(readonly=firmware)', 'has a read-only firmware and no firmware', 'write firmware=1'],
  ['world(hugetlb=3)', 'world(...) hugetlb', 'Expected a power of two'],
  ['world(hugetlb=16)', 'has 8 pages, which are no whole huge pages of 16', 'give a multiple'],
  ['world(regime=in-place, hugetlb=2)', 'has hugetlb in place', 'leave one out'],
  ['world(vmem=2x3)', 'vmem.0.blockPages', 'Expected a power of two'],
  ['world(vmem=65535x262144)', '17179607048 pages', 'at most 4194304'],
  ['world(regime=both)', 'world(...) regime', 'regime=two-backend|in-place'],
  ['world(onRefusal=panic)', 'world(...) onRefusal', 'onRefusal=stop|retry'],
  ['world(tee=sgx)', 'world(...) tee', 'tee=none|tdx|snp'],
  ['world(limit=4294967296)', 'world(...) limit', 'Expected <=4294967295'],
];

describe.each([
  ['a wrong operation', OPERATIONS],
  ['a place the world does not have', PLACES],
  ['a wrong world', WORLDS],
])('%s is refused in one line', (_, rows) => {
  test.each(rows)('%j', (text, named, right) => {
    const { message } = refusalOf(() => parseHistory(text));
    expect(message).toContain(named);
    expect(message).toContain(right);
    expect(message).toMatch(/^history: [^\n]+$/);
  });
});

const HEAD = '{"schema":"sda-lab/history@1"}\n';

const JSON_LINES: readonly Row[] = [
  ['', 'the file is empty', 'the first line names the schema'],
  ['attach(c0)', 'line 1', 'is no JSON'],
  ['{"schema":"sda-lab/history@2"}', 'line 1, schema', 'sda-lab/history@1'],
  ['{"schema":"sda-lab/history@1","world":{"pages":8,"colour":"red"}}', 'line 1, world.colour', 'never'],
  ['{"schema":"sda-lab/history@1","seed":1}', 'line 1, seed', 'never'],
  [`${HEAD}{"op":"frobnicate"}`, 'line 2, op', '"convert"'],
  [`${HEAD}\n{"op":"touch","page":0,"side":"shared"}`, 'line 3, side', 'never'],
  [`${HEAD}{"op":"touch","page":"0"}`, 'line 2, page', 'number'],
  [`${HEAD}{"op":"convert","page":0,"to":"shared"}`, 'line 2, count', 'count'],
  [`${HEAD}{"op":"request","address":"0x01000","size":"0x1000","to":"shared"}`, 'line 2, address', 'received "0x01000"'],
  [`${HEAD}{"op":"request","address":"0xA000","size":"0x1000","to":"shared"}`, 'line 2, address', 'received "0xA000"'],
  [`${HEAD}{"op":"request","address":4096,"size":"0x1000","to":"shared"}`, 'line 2, address', 'Expected string'],
  [`${HEAD}{"op":"touch","page":8}`, 'operation 1 (touch) ends at page 9', 'the world has pages 0 to 7'],
  [`${HEAD}{"op":"detach","container":"c7"}`, 'operation 1 (detach) names container c7', 'the world has c0'],
];

describe('a wrong file is refused in one line', () => {
  test.each(JSON_LINES)('%j', (text, named, right) => {
    const { message } = refusalOf(() => historyFromJsonLines(text));
    expect(message).toContain(named);
    expect(message).toContain(right);
    expect(message).toMatch(/^history: [^\n]+$/);
  });
});
