/**
 * Which Vulkan devices this machine has, asked of the loader itself.
 *
 * Deno makes its WebGPU instance at the first `requestAdapter` and never again, so a driver that is set up after a first
 * answer of null is not seen. The loader is therefore asked beforehand, through FFI.
 *
 * @module
 */

/** One device as Vulkan describes it. */
export interface VulkanDevice {
  readonly name: string;
  /** Computes on the CPU: lavapipe, SwiftShader. */
  readonly isSoftware: boolean;
  /** In the maker's words, such as "Mesa 25.0.7 (LLVM 15.0.6)"; empty where the driver does not tell. */
  readonly driver: string;
}

const symbols = {
  vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  vkDestroyInstance: { parameters: ["pointer", "pointer"], result: "void" },
  vkEnumeratePhysicalDevices: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  vkGetPhysicalDeviceProperties2: { parameters: ["pointer", "buffer"], result: "void" },
} as const;

/** `VK_PHYSICAL_DEVICE_TYPE_CPU`. */
const cpuDevice = 4;

/**
 * Lists the devices of the system's Vulkan loader; empty without a loader, without a driver, or with a broken one.
 *
 * The loader stays loaded, as the WebGPU instance made next needs it anyway.
 */
export function listVulkanDevices(): VulkanDevice[] {
  let library: Deno.DynamicLibrary<typeof symbols>;
  try {
    library = Deno.dlopen("libvulkan.so.1", symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
  const vulkan = library.symbols;
  const instanceSlot = new BigUint64Array(1);
  if (vulkan.vkCreateInstance(instanceCreateInfo(), null, instanceSlot) !== 0) return [];
  const instance = Deno.UnsafePointer.create(instanceSlot[0]);
  const count = new Uint32Array(1);
  vulkan.vkEnumeratePhysicalDevices(instance, count, null);
  const handles = new BigUint64Array(count[0]);
  vulkan.vkEnumeratePhysicalDevices(instance, count, handles);
  const devices = Array.from(handles.subarray(0, count[0]), (handle) => {
    return describe((properties) => {
      vulkan.vkGetPhysicalDeviceProperties2(Deno.UnsafePointer.create(handle), properties);
    });
  });
  vulkan.vkDestroyInstance(instance, null);
  return devices;
}

/** Structures that point into this process's memory, which must outlive the call that reads them. */
const application = new Uint32Array(12); // VkApplicationInfo: type 0, ..., apiVersion at byte 44
application[11] = (1 << 22) | (1 << 12); // 1.1: the oldest with vkGetPhysicalDeviceProperties2
const driverProperties = new Uint8Array(536); // VkPhysicalDeviceDriverProperties

/** struct VkInstanceCreateInfo { type = 1, next, flags, application, ... }: all else is zero. */
function instanceCreateInfo(): BigUint64Array<ArrayBuffer> {
  const info = new BigUint64Array(8);
  info[0] = 1n;
  info[3] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(application));
  return info;
}

/**
 * Fills struct VkPhysicalDeviceProperties2 { type, next, { u32 api, driver, vendor, device, type; char name[256]; ... } }
 * and, chained to it, struct VkPhysicalDeviceDriverProperties { type, next, u32 id; char name[256]; char info[256]; ... }.
 */
function describe(fill: (properties: Uint8Array<ArrayBuffer>) => void): VulkanDevice {
  const properties = new Uint8Array(16 + 824);
  const view = new DataView(properties.buffer);
  view.setUint32(0, 1000059001, true);
  view.setBigUint64(8, Deno.UnsafePointer.value(Deno.UnsafePointer.of(driverProperties)), true);
  driverProperties.fill(0);
  new DataView(driverProperties.buffer).setUint32(0, 1000196000, true);
  fill(properties);
  return {
    name: text(properties.subarray(16 + 20, 16 + 20 + 256)),
    isSoftware: view.getUint32(16 + 16, true) === cpuDevice,
    driver: text(driverProperties.subarray(20 + 256, 20 + 512)),
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
