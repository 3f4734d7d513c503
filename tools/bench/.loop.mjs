import { setupRuntime, Trainer } from '@weft/core'
import { cases } from '/work/main/tools/bench/cases.mjs'
await setupRuntime({device:'native'})
const { model, x, y, loss } = cases[process.argv[2]]()
const trainer = new Trainer(model, { loss, learningRate: 1e-3 })
for (let i=0;i<+process.argv[3];i++) trainer.step({x,y})
