// SPDX-License-Identifier: MIT
/** A design broke the form of the ports: an answer that is no status, an argument that is no page, calls without end. */
export class PortError extends Error {
  override readonly name = 'PortError';
}
