import * as tf from '@tensorflow/tfjs-core'
import { setupRuntime, Trainer } from '@weft/core'
import { profileKernels } from '@weft/kernels'
import { cases } from '/work/main/tools/bench/cases.mjs'
await setupRuntime({device:'native'})
for (const name of process.argv.slice(2)) {
  const { model, x, y, loss } = cases[name]()
  const trainer = new Trainer(model, { loss, learningRate: 1e-3 })
  const infer=()=>{const o=trainer.predict(x);o.dataSync();o.dispose()}
  for (const [what, f, n] of [['train',()=>trainer.step({x,y}),40],['infer',infer,100]]) {
    for(let i=0;i<20;i++) f()
    const ts=[]; const per=new Map()
    for(let i=0;i<n;i++){const t=performance.now(); const m=profileKernels(f); ts.push(performance.now()-t); for(const [k,v] of m){ if(!per.has(k)) per.set(k,[]); per.get(k).push(v)}}
    const med=(a)=>a.sort((p,q)=>p-q)[a.length>>1]
    const total=med(ts)
    console.log(name,what,total.toFixed(3),'ms')
    let sum=0
    for(const [k,v] of [...per].sort((a,b)=>med(b[1].map(e=>e.ms))-med(a[1].map(e=>e.ms)))){const ms=med(v.map(e=>e.ms)); sum+=ms; console.log('   ',k.padEnd(26),v[0].calls, ms.toFixed(3),'ms', (v[0].flops/ms/1e6).toFixed(0),'GF/s')}
    console.log('    rest',(total-sum).toFixed(3))
  }
}
