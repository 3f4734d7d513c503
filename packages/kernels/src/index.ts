export { ShapeError } from './shape-error.js'
