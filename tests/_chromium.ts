/** A headless Chromium with WebGPU on SwiftShader: an installed one, else the one that an npm package carries. */
import { join } from "node:path";
import { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
import { installPackagedFiles, isPackageSupported } from "../host/packaged_files.ts";

/** Names that Chromium and its kin are installed under. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** The executable to start and the directory of libraries that it needs; null where there is none. */
function installed(): string | null {
  const wish = Deno.env.get("WGSLIM_CHROMIUM");
  if (wish) return wish;
  const directories = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  const candidates = ["/usr/bin", ...directories].flatMap((d) => names.map((name) => join(d, name)));
  const isFile = (path: string) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  };
  return candidates.find(isFile) ?? null;
}

/** Why no Chromium can be had here; null where one can. */
export function missingChromium(): string | null {
  if (installed() || isPackageSupported()) return null;
  return "no Chromium is installed and none can be fetched for this system; install one, or name it in WGSLIM_CHROMIUM";
}

/** Chromium 147, a headless shell built without what a server lacks, with the libraries, fonts and driver that it needs. */
const packaged = {
  name: "Chromium",
  alternative: "install Chromium and name it in WGSLIM_CHROMIUM",
  directory: "chromium",
  archives: ["bin/chromium.br", "bin/al2023.tar.br", "bin/fonts.tar.br", "bin/swiftshader.tar.br"],
  checksums: {
    "chromium": "bf7d8699042e0e1768ee136c19cf666371f74a39c8b6cfb246d15b3aa18c30ce",
    "fonts/Open_Sans/OpenSans-Bold.ttf": "27da758f4dcac9a65abe914c13b463b42982b9909bc65713424099f4810bd1e6",
    "fonts/Open_Sans/OpenSans-Regular.ttf":
      "c53aceea2dcf5b4098099c0c4d0a061d17e178a049317b42a422b1a9f7f8eb59",
    "lib/libexpat.so.1": "a42c73fa261c746045922f7a1631bb31989eb70aeed4766f26e9173cf655dd84",
    "lib/libfreebl3.so": "1007112117baaee58ebf2f0b361bd1ed9e434d458117028ed01b17a6ca24d0e6",
    "lib/libfreeblpriv3.so": "67bff729addafde4b3c904716fccca876fc5637e8c475caca00ad60a08cc2313",
    "lib/libnspr4.so": "b7ddec11e9e21e4025c0b911b55e880afbb04d12a00f1f3736245ce85f62827f",
    "lib/libnss3.so": "1719436d5424fd9b2dece28435621198cca05d0ecc5539f443f090d411a460c0",
    "lib/libnssutil3.so": "c2a72f8ebdf5629c7bde24db372bee5dcdd074a32cae3910ac4a2a85fd5485a4",
    "lib/libplc4.so": "5ecfb0db51ce18c5ec6b187c3ccda03c467b2dfdaa939fe579f8a54531b9519f",
    "lib/libplds4.so": "05eb3c4b52b5706a8c5535cc4fa39aaa9d26e02ecb9340b03d841bf038b73e21",
    "lib/libsoftokn3.so": "d410831e2062ef05e6d5efdc69e159ace89d2f41670e0a859ea294d6f06c82de",
    "libEGL.so": "b6dc0e4607294eacb39d83206156e0efeed77c11e6cb3e721d01f3fead5c8f72",
    "libGLESv2.so": "29a18749631bd8919062e4464250248cf450d4d74e255d1e6e8b052eda06486e",
    "libvk_swiftshader.so": "5b9e8591c7c2d1c9618c3ad485d0cdffb81f5f1ffd6a982fdb6578c2d8d3213e",
    "libvulkan.so.1": "fe17a77c1f2df38d3b6a935140f746fd80aac564bb44eb3e4f6b75a504295a41",
    "vk_swiftshader_icd.json": "c9eef28b6b984fec220ef0abfecc40b502d46946706e47bfe97707027cb818bd",
  },
};

/** WebGPU without a blocklist and on the same adapter everywhere; no traffic but the test's. */
const flags = [
  "--no-sandbox", // containers run as root, which Chromium's sandbox refuses
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

async function launch(): Promise<Browser> {
  // Chromium brings its own driver, and host/drivers.ts may have pointed this process to another.
  const { VK_DRIVER_FILES: _files, VK_ICD_FILENAMES: _names, ...env } = Deno.env.toObject();
  const executable = installed();
  if (executable) return await chromium.launch({ executablePath: executable, args: flags, env });
  const directory = await installPackagedFiles(packaged);
  return await chromium.launch({
    executablePath: join(directory, "chromium"),
    args: flags,
    env: {
      ...env,
      LD_LIBRARY_PATH: join(directory, "lib"),
      XDG_DATA_HOME: directory, // fontconfig looks for fonts there, with a configuration or without
    },
  });
}

/** Opens an empty page of a new browser for a test, which fails if the page reports an error. */
export async function withPage<T>(test: (page: Page) => Promise<T>): Promise<T> {
  await using browser = await launch();
  const page = await browser.newPage({ locale: "en-US" }), complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  const result = await test(page);
  if (complaints.length > 0) throw new Error(`The page reported ${complaints.join("\n")}`);
  return result;
}
