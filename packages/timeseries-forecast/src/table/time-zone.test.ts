import { describe, expect, it } from 'vitest'
import { formatInstant, TimeZone } from './time-zone.js'

const HOUR = 3_600_000
const berlin = new TimeZone('Europe/Berlin')
// The clock was put forward at 01:00 UTC on 29 March 2020 and back at 01:00 UTC on 25 October.
const SPRING = Date.UTC(2020, 2, 29, 1)
const AUTUMN = Date.UTC(2020, 9, 25, 1)

describe('TimeZone', () => {
  it('knows the offset before and after each change, to the millisecond', () => {
    expect(berlin.offsetAt(SPRING - 1)).toBe(HOUR)
    expect(berlin.offsetAt(SPRING)).toBe(2 * HOUR)
    expect(berlin.offsetAt(AUTUMN - 1)).toBe(2 * HOUR)
    expect(berlin.offsetAt(AUTUMN)).toBe(HOUR)
  })

  it('goes through the hour that occurs twice in order', () => {
    const shown = [0, 30, 60, 90].map((minutes) => berlin.toLocal(AUTUMN - HOUR + minutes * 60_000))
    let previous = -Infinity
    const found = shown.map((local) => (previous = berlin.toUtc(local, previous) ?? NaN))
    expect(found).toEqual([0, 30, 60, 90].map((minutes) => AUTUMN - HOUR + minutes * 60_000))
  })

  it('finds no instant in the hour that is left out', () => {
    expect(berlin.toUtc(Date.UTC(2020, 2, 29, 2, 30))).toBeUndefined()
    expect(berlin.toUtc(Date.UTC(2020, 2, 29, 3))).toBe(SPRING)
    expect(berlin.toUtc(Date.UTC(2020, 2, 29, 1, 59))).toBe(SPRING - 60_000)
  })

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'UTC'])(
    'comes back from the clock in %s',
    (name) => {
      const zone = new TimeZone(name)
      const wrong: number[] = []
      let previous = -Infinity
      for (let time = Date.UTC(2017, 0, 1); time < Date.UTC(2018, 6, 1); time += HOUR / 2) {
        if (zone.toUtc(zone.toLocal(time), previous) !== time) wrong.push(time)
        previous = time
      }
      expect(wrong).toEqual([])
    },
  )

  it('refuses a zone that does not exist', () => {
    expect(() => new TimeZone('Europe/Atlantis')).toThrow(
      'reading times: expected a time zone of the IANA database for --time-zone, received "Europe/Atlantis"',
    )
  })
})

describe('formatInstant', () => {
  it('shows the clock of the zone, as short as it is exact', () => {
    const utc = new TimeZone('UTC')
    expect(formatInstant(Date.UTC(2020, 0, 2), utc)).toBe('2020-01-02')
    expect(formatInstant(Date.UTC(2020, 0, 2, 3, 4), utc)).toBe('2020-01-02 03:04')
    expect(formatInstant(Date.UTC(2020, 0, 2, 3, 4, 5), berlin)).toBe('2020-01-02 04:04:05')
    expect(formatInstant(Date.UTC(2020, 0, 2, 3, 4, 5, 6), utc)).toBe('2020-01-02 03:04:05.006')
  })
})
