/**
 * From the output of a reader for each column to texts: best path or beam search, with a lexicon or the language model of the training
 * texts; and for each text its confidence, symbol by symbol, with the columns of the image at which the network wrote each symbol or, on
 * request, saw it. The searches are in @weft/kernels, tracing symbols to their origins is in @weft/core.
 */
import { readFileSync } from 'node:fs'
import * as tf from '@weft/kernels/tfjs-core'
import { type Alphabet } from '@weft/core/data'
import { needs, reasonOf, UserError } from '@weft/core/errors'
import { flagOf, plural, resolveOptions } from '@weft/core/cli'
import { recurrenceInput, spanOrigins } from '@weft/core/explain'
import {
  ctcBeamSearch,
  ctcGreedyDecode,
  ctcLoss,
  Lexicon,
  type CtcBeamOptions,
  type CtcReading,
  type CtcSpan,
} from '@weft/kernels'
import type { PreparedItem } from '../features/image-worker.js'
import type { ImageModel, Meaning } from '../model.js'
import { columnsPerStep } from '../network.js'
import { decodingOptions, type DecodingOptions } from '../options/network.js'

/** A symbol in the reading of a text. */
export interface SymbolReading {
  readonly symbol: string
  /** The largest probability of the symbol in its columns. */
  readonly confidence: number
  /** Columns of the original image at its place (see `Places`): the first, and the first after them; pixels from the left. */
  readonly fromColumn: number
  readonly toColumn: number
  /** First and last of the network's steps at which it was written. */
  readonly firstStep: number
  readonly lastStep: number
}

/** The reading of an image. */
export interface TextReading {
  readonly text: string
  /** Probability of the text given the image, over all alignments of the text with the columns. */
  readonly confidence: number
  readonly symbols: readonly SymbolReading[]
}

/**
 * Which columns count as the place of a symbol: those at which the network wrote it, or those at which it saw it. A bidirectional network
 * may write a symbol away from its glyph, such as the last of texts of a fixed length at the end of the image.
 */
export type Places = 'written' | 'seen'

/** Steps of the network, both ends included. */
export interface Steps {
  readonly firstStep: number
  readonly lastStep: number
}

/** A text in steps of the network: for each symbol its class, where it was written, and its place. */
export interface StepReading {
  readonly labels: readonly number[]
  readonly spans: readonly CtcSpan[]
  readonly places: readonly Steps[]
}

/** Value of `--lexicon` for the words of the training texts. */
const TRAINING_WORDS = 'training'

type ReaderMeaning = Extract<Meaning, { task: 'read' }>

export class TextReader {
  readonly model: ImageModel
  readonly alphabet: Alphabet
  /** Undefined for the best path. */
  readonly #beam: CtcBeamOptions | undefined

  /** @throws UserError for a model that classifies, and for a lexicon that cannot be used. */
  constructor(model: ImageModel, options: DecodingOptions) {
    const { meaning } = model.spec
    if (meaning.task !== 'read')
      throw new UserError('reading texts: expected a model that reads, received one that classifies')
    this.model = model
    this.alphabet = meaning.alphabet
    this.#beam = beamOptions(meaning, options)
  }

  /** A reader with default options. */
  static withDefaults(model: ImageModel): TextReader {
    return new TextReader(model, resolveOptions(decodingOptions, {}))
  }

  /** Texts of prepared images. With places `seen`, the recurrent part runs forward and back once for each of up to 8 symbols per image. */
  read(images: readonly PreparedItem[], places: Places = 'written'): TextReading[] {
    const { logits, readings } = this.readSteps(images, places)
    const confidences = textProbabilities(logits, readings)
    logits.dispose()
    const stride = columnsPerStep(this.model.spec.options)
    return images.map((image, at) => {
      const reading = readings[at]
      if (reading === undefined) return { text: '', confidence: 0, symbols: [] }
      const column = (step: number) => Math.max(0, image.offset + image.scale * Math.min(image.width, step * stride))
      const symbols = reading.labels.map((label, i): SymbolReading => {
        const { firstStep = 0, lastStep = 0, confidence = 0 } = reading.spans[i] ?? {}
        const place = reading.places[i] ?? { firstStep, lastStep }
        const [fromColumn, toColumn] = [column(place.firstStep), column(place.lastStep + 1)]
        return { symbol: this.alphabet.symbol(label), confidence, fromColumn, toColumn, firstStep, lastStep }
      })
      return { text: this.alphabet.decode(reading.labels), confidence: confidences[at] ?? 0, symbols }
    })
  }

  /**
   * The logits of the network [B, T, symbols], which the caller disposes of, and the texts in them; undefined where a lexicon allows none.
   */
  readSteps(
    images: readonly PreparedItem[],
    places: Places,
  ): { logits: tf.Tensor; readings: (StepReading | undefined)[] } {
    const { network } = this.model
    const run = () => this.model.run(images)
    if (places === 'written') {
      const logits = run()
      return {
        logits,
        readings: this.#search(logits).map((reading) => reading && { ...reading, places: reading.spans }),
      }
    }
    const { result: logits, ...entering } = recurrenceInput(network, run)
    const texts = this.#search(logits)
    const origins = spanOrigins(
      network,
      entering,
      texts.flatMap((reading, item) =>
        (reading?.spans ?? []).map((span, i) => ({ ...span, item, label: reading?.labels[i] ?? 0 })),
      ),
    )
    tf.dispose([entering.input, ...(entering.mask ? [entering.mask] : [])])
    let from = 0
    const readings = texts.map(
      (reading) => reading && { ...reading, places: origins.slice(from, (from += reading.spans.length)) },
    )
    return { logits, readings }
  }

  #search(logits: tf.Tensor): (CtcReading | undefined)[] {
    return this.#beam ? ctcBeamSearch(logits, this.#beam).map(([best]) => best) : ctcGreedyDecode(logits)
  }
}

/**
 * The reader of a model that reads; undefined for one that classifies.
 *
 * @throws UserError for reading options with a classifier.
 */
export function readerOf(model: ImageModel, options: DecodingOptions): TextReader | undefined {
  if (model.spec.meaning.task === 'read') return new TextReader(model, options)
  const { decoder, lexicon, languageModelWeight } = options
  const readingOnly = { decoder, lexicon, languageModelWeight: languageModelWeight || undefined }
  for (const [name, value] of Object.entries(readingOnly))
    if (value !== undefined)
      throw needs({
        doing: 'reading texts',
        option: flagOf(name),
        others: 'a model that reads',
        hint: `This one classifies: omit ${flagOf(name)}.`,
      })
  return undefined
}

/** Probability of the text of each reading, summed over all alignments: exp(-CTC loss). */
function textProbabilities(logits: tf.Tensor, readings: readonly (StepReading | undefined)[]): Float32Array {
  return tf.tidy(() => {
    const longest = Math.max(1, ...readings.map((reading) => reading?.labels.length ?? 0))
    const labels = new Int32Array(readings.length * longest).fill(-1)
    readings.forEach((reading, at) => labels.set(reading?.labels ?? [], at * longest))
    const losses = ctcLoss(logits, tf.tensor2d(labels, [readings.length, longest], 'int32'))
    return Float32Array.from(losses.dataSync(), (loss) => Math.exp(-loss))
  })
}

/** How to search, or undefined for the best path. */
function beamOptions(meaning: ReaderMeaning, options: DecodingOptions): CtcBeamOptions | undefined {
  const { decoder, beamWidth, lexicon, languageModelWeight } = options
  const needsBeam = lexicon !== undefined || languageModelWeight > 0
  if (decoder === 'greedy' && needsBeam)
    throw needs({
      doing: 'reading texts',
      option: flagOf(lexicon === undefined ? 'languageModelWeight' : 'lexicon'),
      others: `${flagOf('decoder')} beam`,
    })
  if ((decoder ?? (needsBeam ? 'beam' : 'greedy')) === 'greedy') return undefined
  return {
    beamWidth,
    ...(lexicon !== undefined && { lexicon: makeLexicon(meaning, lexicon) }),
    ...(languageModelWeight > 0 && { languageModel: meaning.languageModel, languageModelWeight }),
  }
}

function makeLexicon({ alphabet, words }: ReaderMeaning, lexicon: string): Lexicon {
  const entries = lexicon === TRAINING_WORDS ? words : wordsIn(lexicon)
  const usable = entries.filter((word) => alphabet.missing(word).length === 0)
  if (usable.length === 0)
    throw new UserError(
      `reading the lexicon ${lexicon}: expected at least 1 word of symbols that the model knows, received none in ${plural(entries.length, 'word')}`,
      `The model knows ${alphabet.symbols.join(' ')}`,
    )
  const [separator] = alphabet.missing(' ').length === 0 ? alphabet.encode(' ') : []
  return new Lexicon(
    usable.map((word) => alphabet.encode(word)),
    separator === undefined ? {} : { separator },
  )
}

/** The different words of texts, sorted. */
export function wordsOf(texts: Iterable<string>): string[] {
  const words = new Set<string>()
  for (const text of texts) for (const word of text.normalize('NFC').split(/\s+/u)) if (word !== '') words.add(word)
  return [...words].sort()
}

function wordsIn(path: string): string[] {
  try {
    return wordsOf([readFileSync(path, 'utf8')])
  } catch (error) {
    throw new UserError(
      `reading the lexicon ${path}: ${reasonOf(error)}`,
      `Name a file with one word per line, or ${TRAINING_WORDS} for the words of the training texts.`,
    )
  }
}
