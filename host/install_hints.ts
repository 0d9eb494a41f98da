/**
 * Which packages bring a Vulkan driver, by Linux distribution.
 *
 * @module
 */

interface Packages {
  /** Names in `ID` or `ID_LIKE` of os-release. */
  ids: string[];
  software: string;
  hardware: string;
}

const distributions: readonly Packages[] = [
  {
    ids: ["debian", "ubuntu"],
    software: "apt install mesa-vulkan-drivers",
    hardware: "apt install mesa-vulkan-drivers (AMD, Intel) or nvidia-driver (NVIDIA)",
  },
  {
    ids: ["fedora", "rhel"],
    software: "dnf install mesa-vulkan-drivers vulkan-loader",
    hardware: "dnf install mesa-vulkan-drivers vulkan-loader (AMD, Intel) or akmod-nvidia (NVIDIA)",
  },
  {
    ids: ["arch"],
    software: "pacman -S vulkan-swrast",
    hardware: "pacman -S vulkan-radeon, vulkan-intel or nvidia-utils",
  },
];

/** The command that installs a driver here: on an unknown Linux those of all known ones, elsewhere the maker's word. */
export function installHint(kind: "software" | "hardware"): string {
  if (Deno.build.os !== "linux") return "install your graphics card's driver";
  const ids = distributionIds();
  const own = distributions.filter((packages) => packages.ids.some((id) => ids.includes(id)));
  if (own.length > 0) return `run ${own[0][kind]}`;
  const list = distributions.map((packages) => `${packages[kind]} (${packages.ids.join(", ")})`);
  return `install a Vulkan driver: ${list.join("; ")}`;
}

/** This Linux's own name, then the names of those it is like; empty where that is not told. */
export function distributionIds(): string[] {
  const path = "/etc/os-release";
  try {
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return [];
    return [...Deno.readTextFileSync(path).matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((m) =>
      m[1].split(" ")
    );
  } catch {
    return [];
  }
}
