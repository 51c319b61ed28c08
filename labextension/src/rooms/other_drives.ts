/** Notebooks of other drives than JupyterLab's own have no rooms. */

import type { Contents } from "@jupyterlab/services";

interface Options {
  contentProviderId?: string;
}

/**
 * Have other drives asked without `provider`: JupyterLab names the provider of a kind of document whatever
 * the drive is, and a drive throws at one that it does not know.
 */
export function leaveOtherDrives(contents: Contents.IManager, provider: string): void {
  const { get, save, getSharedModelFactory } = contents;
  const known = <T extends Options>(path: string, options: T | undefined): T | undefined => {
    if (options?.contentProviderId !== provider || contents.driveName(path) === "") return options;
    const { contentProviderId: _, ...rest } = options;
    return rest as T;
  };
  contents.get = (path, options) => get.call(contents, path, known(path, options));
  contents.save = (path, options) => save.call(contents, path, known(path, options as Options));
  contents.getSharedModelFactory = (path, options) =>
    getSharedModelFactory.call(contents, path, known(path, options));
}
