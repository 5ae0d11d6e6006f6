// SPDX-License-Identifier: MIT
/** Measured figures for people: three digits, and a unit that keeps them short. */

const KIB = 2 ** 10;
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A ratio: 0.00123, 0.987, 12.3, 1,230. */
export function factor(value: number): string {
  if (value === 0) return '0';
  if (value >= 1000) return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  if (value >= 0.001) return value.toPrecision(3);
  return value.toExponential(1);
}

export function nanosecondsText(value: number): string {
  if (value >= 1e6) return `${factor(value / 1e6)} ms`;
  return value >= 1e4 ? `${factor(value / 1e3)} us` : `${factor(value)} ns`;
}

export function secondsText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function bytesText(bytes: number): string {
  const unit = unitOf(bytes);
  return `${factor(bytes / KIB ** unit)} ${UNITS[unit]!}`;
}

/** A size that is a power of two, or near one, without digits behind the point. */
export function sizeText(bytes: number): string {
  const unit = unitOf(bytes);
  return `${Math.round(bytes / KIB ** unit)} ${UNITS[unit]!}`;
}

function unitOf(bytes: number): number {
  return bytes < KIB ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
}
