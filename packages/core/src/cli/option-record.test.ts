import { expect, it } from 'vitest'
import { listedFlags } from '../../../../tools/saved/options.js'

it('weft-doctor takes what it took', async () => {
  const flags = await listedFlags(new URL('../../bin/weft-doctor.js', import.meta.url))
  expect(flags).toEqual(expect.arrayContaining(['--version', '--model', '--help', '--json', '--quiet']))
})
