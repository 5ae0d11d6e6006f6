// SPDX-License-Identifier: MIT
/** Options no container can be opened with: which one, what it was, what would be right. */
export class ContainerOptionsError extends Error {
  override readonly name = 'ContainerOptionsError';
  readonly code = 'CONTAINER_OPTIONS';
  readonly option: string;

  constructor(option: string, value: string | number, right: string) {
    super(`createContainer: ${option} is ${value}; give ${right}`);
    this.option = option;
  }
}
