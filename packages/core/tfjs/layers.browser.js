export * from '@tensorflow/tfjs-layers'
