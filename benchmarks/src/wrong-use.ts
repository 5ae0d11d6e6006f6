// SPDX-License-Identifier: MIT
/** Something was asked for that is not there; the message is one line and says what there is. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}
