/** What a workspace's devcontainer.json says of the image that it wants to work in. Paths are relative to its folder. */
export interface Devcontainer {
  /** The devcontainer.json itself, with slashes. */
  file: string;
  /** The workspace's folder, absolute. */
  folder: string;
  base: DevcontainerImage | DevcontainerBuild;
  /** Of the folder's path, and of all that is read of these files: whoever has agreed has agreed to this. */
  hash: string;
  /** What of it is left out, each in one sentence. */
  leftOut: readonly string[];
}

export interface DevcontainerImage {
  kind: 'image';
  image: string;
}

export interface DevcontainerBuild {
  kind: 'build';
  /** The Dockerfile's path, with slashes. */
  dockerfile: string;
  /** What stands in it: built is what was read, whatever has become of the file since. */
  content: string;
  /** The folder that is sent to the engine, absolute. */
  context: string;
  args: Readonly<Record<string, string>>;
  target: string | null;
}

/** The devcontainer.json of a workspace, as the user sees it. */
export interface DevcontainerView {
  file: string;
  hash: string;
  /** The image, or null where it is built. */
  image: string | null;
  /** The Dockerfile; null where there is none. */
  dockerfile: string | null;
  leftOut: readonly string[];
  /** The user's word about it as it is now; null when they have not been asked, or have not answered. */
  isUsed: boolean | null;
}
