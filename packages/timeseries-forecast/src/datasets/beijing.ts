/** Fine dust and weather in Beijing, hourly: PM2.5 at the embassy of the United States with the weather at the airport. */
import type { PublicDataset } from './public-dataset.js'

export const beijing: PublicDataset = {
  title: 'Beijing PM2.5: fine dust and weather, hourly, 2010 to 2014',
  origin: 'https://github.com/jbrownlee/Datasets',
  commit: 'd20fcb6402ae34e653d4513b00f39257bb37ed7f',
  licence: 'none stated',
  rows: 43_824,
  split: 'none of its own; here 2010 to 2012 train, 2013 validates, 2014 tests',
  options: {
    time: 'year+month+day+hour',
    target: ['pm2.5'],
    past: ['DEWP', 'TEMP', 'PRES', 'cbwd', 'Iws', 'Is', 'Ir'],
    validationFrom: '2013-01-01',
    testFrom: '2014-01-01',
  },
}
