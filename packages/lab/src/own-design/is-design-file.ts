// SPDX-License-Identifier: MIT
/** Whether a name given for a strategy means a file: it has a slash, or ends like a module. Ids have neither. */
export function isDesignFile(name: string): boolean {
  return /[/\\]/.test(name) || /\.[cm]?[jt]s$/.test(name);
}

/** Whether Node must strip types to load it. */
export function isTypeScript(name: string): boolean {
  return /\.[cm]?ts$/.test(name);
}
