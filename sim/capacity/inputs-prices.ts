/**
 * What things cost. The default price file: public list prices without discounts, in dollars. Large
 * buyers pay a fraction; bring your own with `--prices`.
 */
import { type Field, field, published } from './quantity.ts';

const LIST = 'AWS list price of 2025 (check it before you quote it), us-east-1, on demand';

export const PRICES = {
  coreMonth: field(
    'usd/month',
    [0, 1e6],
    'a core (vCPU) for a month',
    published(26.06, `${LIST}: what c5.12xlarge ($2.04/h) costs beyond its memory, over 48`),
  ),
  memoryGbMonth: field(
    'usd/month',
    [0, 1e6],
    '1 GB of memory for a month',
    published(2.32, `${LIST}: r5.12xlarge ($3.024/h) over c5.12xlarge, 288 GiB apart`),
  ),
  flashGbMonth: field(
    'usd/month',
    [0, 1e6],
    '1 GB of flash for a month',
    published(0.08, `${LIST}: EBS gp3`),
  ),
  diskGbMonth: field(
    'usd/month',
    [0, 1e6],
    '1 GB of disk for a month',
    published(0.015, `${LIST}: EBS sc1`),
  ),
  backboneGb: field(
    'usd',
    [0, 1e6],
    '1 GB from datacentre to datacentre',
    published([0.01, 0.02, 0.08], `${LIST}: between regions $0.02, up to $0.08 from some`),
  ),
  egressGb: field(
    'usd',
    [0, 1e6],
    '1 GB to the Internet',
    published([0.01, 0.05, 0.05], `${LIST}: above 150 TB a month`),
  ),
  cdnGb: field(
    'usd',
    [0, 1e6],
    '1 GB from an edge cache',
    published(
      [0.005, 0.02, 0.02],
      'CloudFront list price of 2025 (check it) above 5 PB a month, North America',
    ),
  ),
} as const satisfies Record<string, Field>;
