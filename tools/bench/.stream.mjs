import * as tf from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { setupRuntime, LSTM, statefulStep } from '@weft/core'
await setupRuntime({device:'native'})
const input = tfl.input({shape:[null,40]})
const model = tfl.model({inputs:input, outputs:new LSTM({units:128, returnSequences:true}).apply(input)})
const r=statefulStep(model); const x=new Float32Array(40).fill(0.3)
const ts=[]; const m0=process.memoryUsage()
for(let i=0;i<100000;i++){const t=performance.now(); r.step(x); ts.push(performance.now()-t)}
ts.sort((a,b)=>a-b); console.log('median us',ts[50000]*1e3,'p99',ts[99000]*1e3); console.log(m0.rss/1e6, process.memoryUsage().rss/1e6)
