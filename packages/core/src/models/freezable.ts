/** The parts of a network that can be frozen: nothing; all that no recurrent layer comes before; all but the head. */
export const FREEZABLE = ['none', 'cnn', 'all-but-head'] as const
export type Freezable = (typeof FREEZABLE)[number]
