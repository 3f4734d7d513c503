/** The devices that networks run on, by name. Nothing is loaded for it, so that help stays quick. */

/** Everything that `--device` takes. */
export const DEVICES = ['auto', 'native', 'wasm', 'cpu', 'gpu'] as const
export type DeviceName = (typeof DEVICES)[number]
export type Device = Exclude<DeviceName, 'auto'>

/** Whether the device trains networks of a usual size; the others, TensorFlow.js's own for the processor, are a hundred times slower. */
export function isFast(device: Device): boolean {
  return device === 'native' || device === 'gpu'
}
