// @ts-check
// Printed commands that no test runs as they stand, and why.

export const NOT_RUN = {
  'npm ci': 'installs what is there; .ci/run does it',
  'npm run demo': 'weft-audio demo, which is run',
  'npx weft-build-kernels': 'a minute of compiling; npm ci does the same',
  'npm run bench': 'minutes of measuring',
  'npm run bench -- --case lstm-medium,cnn': 'minutes of measuring',
  'npm run -s bench -- --case lstm-medium --json': 'minutes of measuring; .ci/run measures a smaller case',
  'npm run bench -- --against torch --python python3': 'needs PyTorch',
  'npm run bench -- --backend cpu,wasm,native --case lstm-medium,cnn': 'minutes of measuring',
  'npm run bench -- --profile --case crnn-ctc': 'minutes of measuring',
  'npm run bench -- --scaling': 'minutes of measuring',
  'npm run bench -- --stream': 'minutes of measuring',
  'npm run -s verify -- audio --data DIR --json': 'needs the data sets and an hour',
  'npm run -s verify -- image --only captcha --data DIR --json': 'needs a data set and minutes of training',
}
