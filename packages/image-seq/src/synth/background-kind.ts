/** The kinds of backgrounds that the generator draws. */

export type BackgroundKind = 'plain' | 'gradient' | 'paper' | 'ruled' | 'speckle'
