import '@tensorflow/tfjs-backend-cpu'
import * as tfl from '@weft/core/tfjs-layers'
import { describe, expect, it } from 'vitest'
import { takeOver } from './take-over.js'

describe('takeOver', () => {
  const networkOf = (outputs: number) =>
    tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 3, inputShape: [2], name: 'body' }),
        tfl.layers.dense({ units: outputs, name: 'head' }),
      ],
    })
  const weightsOf = (network: tfl.LayersModel, layer: string) =>
    network
      .getLayer(layer)
      .getWeights()
      .map((weight) => Array.from(weight.dataSync()))

  it('copies what agrees, freezes, and says so', () => {
    const [source, network] = [networkOf(4), networkOf(2)]
    const body = weightsOf(source, 'body')
    const notes: string[] = []
    takeOver(
      network,
      { init: 'runs/old', freeze: 'all-but-head' },
      { network: source },
      { note: (line) => notes.push(line) },
    )
    expect(notes).toEqual(['From runs/old: body; new: head; frozen: body.'])
    expect(weightsOf(network, 'body')).toEqual(body)
    expect(network.getLayer('body').trainable).toBe(false)
  })

  it('counts the outputs that mean the same', () => {
    const notes: string[] = []
    const source = { network: networkOf(3), outputs: [2, undefined] }
    takeOver(networkOf(2), { init: 'old', freeze: 'none' }, source, { note: (line) => notes.push(line) })
    expect(notes).toEqual(['From old: body, head; outputs of the same name: 1 of 2.'])
  })

  it('refuses a model that has nothing in common, and freezing without one', () => {
    const other = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [9], name: 'else' })] })
    const refused = () => takeOver(networkOf(2), { init: 'old', freeze: 'none' }, { network: other }, {})
    expect(refused).toThrow('taking over old: expected layers of the same names and shapes, received none')
    const frozen = () => takeOver(networkOf(2), { init: undefined, freeze: 'cnn' }, undefined, {})
    expect(frozen).toThrow('expected a model to take the weights from for --init')
  })
})
