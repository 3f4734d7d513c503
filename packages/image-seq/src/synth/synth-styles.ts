/**
 * What the generator's styles are: fonts, backgrounds and ranges of distortion of captchas, printed documents and handwriting. Lengths
 * are shares of the text's height, except those in px, which are meant for a text of 32 px and grow with it.
 */
import type { BackgroundKind } from './backgrounds.js'
import type { EffectOptions } from '../augment/pixel-effects.js'
import type { GeometryOptions } from '../augment/warp.js'

/** Largest random changes of single letters. */
export interface LetterJitter {
  readonly rotationDegrees: number
  /** Up and down. */
  readonly offset: number
  readonly scale: number
  /** Least and most added between letters. */
  readonly spacing: readonly [number, number]
}

export interface SynthStyle {
  /** Families of the fonts that come along; any of the user's own. */
  readonly families: readonly string[]
  readonly backgrounds: readonly BackgroundKind[]
  /** Share of images that are light on dark. */
  readonly lightInk: number
  readonly letters: LetterJitter
  /** Least and most lines and arcs through the text. */
  readonly strikes: readonly [number, number]
  /** Least and most room at the sides, and above and below. */
  readonly marginX: readonly [number, number]
  readonly marginY: readonly [number, number]
  readonly geometry: GeometryOptions
  readonly effects: EffectOptions
}

const STILL: LetterJitter = { rotationDegrees: 0, offset: 0, scale: 0, spacing: [0, 0] }

export const SYNTH_STYLES = {
  captcha: {
    families: ['pt-sans', 'pt-serif', 'courier-prime'],
    backgrounds: ['plain', 'gradient', 'gradient', 'speckle'],
    lightInk: 0.1,
    letters: { rotationDegrees: 14, offset: 0.08, scale: 0.12, spacing: [-0.02, 0.12] },
    strikes: [0, 2],
    marginX: [0.1, 0.7],
    marginY: [0, 0.35],
    geometry: { rotationDegrees: 3, shearDegrees: 10, perspective: 0.08, stretch: 0.1, shift: 0, elastic: 0.07 },
    effects: { inkThicknessPx: 0.4, blurPx: 0.8, contrastChange: 0.15, brightnessChange: 0.05, noise: 0.05 },
  },
  document: {
    families: ['pt-sans', 'pt-serif', 'courier-prime'],
    backgrounds: ['plain', 'paper', 'paper', 'gradient'],
    lightInk: 0.05,
    letters: STILL,
    strikes: [0, 0],
    marginX: [0.05, 0.5],
    marginY: [0, 0.25],
    geometry: { rotationDegrees: 0.8, shearDegrees: 2, perspective: 0.01, stretch: 0.06, shift: 0, elastic: 0.02 },
    effects: { inkThicknessPx: 0.4, blurPx: 0.9, contrastChange: 0.2, brightnessChange: 0.05, noise: 0.04 },
  },
  handwriting: {
    families: ['caveat'],
    backgrounds: ['plain', 'paper', 'ruled', 'ruled'],
    lightInk: 0.03,
    letters: { rotationDegrees: 3, offset: 0.025, scale: 0.05, spacing: [-0.01, 0.03] },
    strikes: [0, 0],
    marginX: [0.05, 0.5],
    marginY: [0, 0.25],
    geometry: { rotationDegrees: 1.5, shearDegrees: 10, perspective: 0.03, stretch: 0.12, shift: 0, elastic: 0.07 },
    effects: { inkThicknessPx: 0.4, blurPx: 0.7, contrastChange: 0.15, brightnessChange: 0.05, noise: 0.03 },
  },
} as const satisfies Record<string, SynthStyle>
