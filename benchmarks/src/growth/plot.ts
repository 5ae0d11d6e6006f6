// SPDX-License-Identifier: MIT
/**
 * Growth as a picture: one panel per measure (across) and pattern (down), guest size and cost both on log axes. What is
 * zero has no place on a log axis and is not drawn; the legend says so.
 */
import * as Plot from '@observablehq/plot';
import type { BenchGrowth } from '@sda-lab/lab';
import { parseHTML } from 'linkedom';

/** The little of the DOM that is used; its types belong to browsers. */
interface SvgElement {
  textContent: string;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  append(child: SvgElement): void;
}

interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgElement;
}

interface Point {
  readonly strategy: string;
  readonly guestGiB: number;
  readonly pattern: string;
  readonly measure: string;
  readonly value: number;
}

const WIDTH = 1080;
const PANEL_HEIGHT = 260;
const LEGEND_HEIGHT = 44;
const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = { left: 70, top: 40, right: 150, bottom: 50 };
/** Okabe and Ito: told apart by everybody. */
const COLORS = ['#D55E00', '#E69F00', '#CC79A7', '#0072B2', '#009E73'];
const SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const;
const MARKS = ['●', '■', '▲', '◆', '✚'];
const GIB = 2 ** 30;

export function growthPlot(growth: readonly BenchGrowth[]): string {
  const points = growth.flatMap(pointsOf).filter(({ value }) => value > 0);
  const strategies = [...new Set(growth.map(({ strategy }) => strategy))];
  const sizes = [...new Set(growth.map(({ guestBytes }) => guestBytes / GIB))];
  const panels = new Set(growth.map(({ pattern }) => pattern)).size;
  const { document }: { document: SvgDocument } = parseHTML('<!doctype html><html><body></body></html>');
  const channels = { x: 'guestGiB', y: 'value', fx: 'measure', fy: 'pattern', stroke: 'strategy' };
  const height = panels * PANEL_HEIGHT + LEGEND_HEIGHT;
  const svg: SvgElement = Plot.plot({
    document: document as never,
    width: WIDTH,
    height,
    marginLeft: MARGIN.left,
    marginTop: MARGIN.top + LEGEND_HEIGHT,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    x: { type: 'log', base: 2, label: 'size of the guest →', ticks: sizes, tickFormat: (gib: number) => sizeText(gib) },
    y: { type: 'log', label: '↑ per operation', grid: true },
    fx: { label: null, domain: MEASURES.map(({ name }) => name) },
    fy: { label: null },
    color: { domain: strategies, range: COLORS },
    symbol: { domain: strategies, range: [...SYMBOLS] },
    marks: [Plot.frame({ stroke: '#ccc' }), Plot.line(points, channels), Plot.dot(points, { ...channels, symbol: 'strategy', r: 3.5, fill: 'strategy' })],
  });
  svg.setAttribute('xmlns', SVG);
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${height}`);
  addLegend(document, svg, strategies);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg.outerHTML}\n`;
}

const MEASURES: readonly { readonly name: string; readonly of: (row: BenchGrowth) => number }[] = [
  { name: 'time, ns (our bitmaps)', of: ({ nanoseconds }) => nanoseconds },
  { name: 'flat bitmap words read (64 bit)', of: ({ meters }) => meters.bitmapWords },
  { name: 'probes of other owners', of: ({ meters }) => meters.probes },
  { name: 'ioctls', of: ({ meters }) => meters.ioctls },
];

function pointsOf(row: BenchGrowth): Point[] {
  const { strategy, pattern, guestBytes } = row;
  return MEASURES.map(({ name: measure, of }) => ({ strategy, pattern, guestGiB: guestBytes / GIB, measure, value: of(row) }));
}

function sizeText(gib: number): string {
  if (gib >= 1024) return `${gib / 1024} TiB`;
  return gib >= 1 ? `${gib} GiB` : `${gib * 1024} MiB`;
}

function addLegend(document: SvgDocument, svg: SvgElement, strategies: readonly string[]): void {
  const add = (x: number, y: number, color: string, text: string): void => {
    const element = document.createElementNS(SVG, 'text');
    for (const [name, value] of Object.entries({ x, y, fill: color, 'text-anchor': 'start' })) element.setAttribute(name, String(value));
    element.textContent = text;
    svg.append(element);
  };
  for (const [at, strategy] of strategies.entries()) add(MARGIN.left + at * 190, 18, COLORS[at]!, `${MARKS[at]!} ${strategy}`);
  add(MARGIN.left, 36, '#555', 'Both axes are logarithmic; zero is not drawn. Marks over each other: designs that cost the same.');
}
