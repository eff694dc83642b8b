/**
 * From texts to a request: a plan file (or profile), a price file, a calibration, and single values
 * from the command line, each a layer over the one before. Reads no files: texts are handed in.
 */
import { z } from 'zod';
import { FIELDS, type Layer, resolveInputs } from './inputs.ts';
import { nearestName } from './nearest-name.ts';
import { type GivenQuantity, PLAN_FILE, type PlanFile, PRICE_FILE } from './plan-schema.ts';
import { DEFAULT_PROFILE, PROFILES, type ProfileName } from './profiles.ts';
import { isInterval, type Quantity } from './quantity.ts';
import { BASE_SETTINGS, type RoleCounts, type Settings } from './settings.ts';
import { checkYaml } from './yaml-check.ts';

export interface NamedText {
  /** Path as the person gave it. */
  readonly file: string;
  readonly text: string;
}

export interface PlanTexts {
  readonly profile?: ProfileName;
  readonly plan?: NamedText;
  readonly prices?: NamedText;
  readonly calibration?: NamedText;
  /** "traffic.mediaShare=0.2" */
  readonly set: readonly string[];
  readonly survive?: 0 | 1 | 2;
  /** Datacentres of the topology: a fleet names each of them. */
  readonly dcIds: readonly number[];
}

export interface PlanSource {
  readonly profile: ProfileName;
  readonly inputs: Layer;
  readonly settings: Settings;
}

/** "plan.yaml:12:3" of a path. */
type Place = (path: readonly PropertyKey[]) => string;

/** The plan, or everything that is wrong with it. */
export function readPlan(texts: PlanTexts): PlanSource | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const plan = texts.plan && checked(texts.plan, PLAN_FILE, problems);
  const file = plan?.value;
  const prices = texts.prices && checked(texts.prices, PRICE_FILE, problems)?.value;
  const calibration = texts.calibration && checked(texts.calibration, CALIBRATION, problems)?.value;
  const layers: Layer[] = [];
  const profile = texts.profile ?? file?.extends ?? DEFAULT_PROFILE;
  layers.push(PROFILES[profile].inputs);
  if (calibration) layers.push(calibrationLayer(calibration, texts.calibration!.file));
  if (prices) layers.push(layerOf({ prices: prices.prices }, texts.prices!.file));
  if (file) layers.push(layerOf(file, texts.plan!.file));
  layers.push(setLayer(texts.set, problems));
  if (plan) problems.push(...dcProblems(plan.value, plan.at, texts.dcIds));
  if (problems.length > 0) return { problems };
  const inputs = resolveInputs(layers);
  const crossed = crossProblems(inputs, plan?.at);
  if (crossed.length > 0) return { problems: crossed };
  return { profile, inputs, settings: settingsOf(texts, profile, file, prices?.dcPriceFactors) };
}

function checked<S extends z.ZodType>(
  { file, text }: NamedText,
  schema: S,
  problems: string[],
): { readonly value: z.infer<S>; readonly at: Place } | undefined {
  const result = checkYaml(text, file, schema);
  if ('value' in result) return result;
  problems.push(...result.problems);
  return undefined;
}

/** The quantities of a checked file by path; a bare number is given by the file. */
function layerOf(sections: object, file: string): Layer {
  const layer = new Map<string, Quantity>();
  for (const [section, fields] of Object.entries(sections)) {
    if (typeof fields !== 'object' || fields === null) continue;
    for (const [name, value] of Object.entries(fields)) {
      const path = `${section}.${name}`;
      if (value !== undefined && FIELDS.has(path)) {
        layer.set(path, quantityOf(value as GivenQuantity, file));
      }
    }
  }
  return layer;
}

function quantityOf(value: GivenQuantity, file: string): Quantity {
  if (typeof value === 'number') {
    return { low: value, mode: value, high: value, from: 'given', source: file };
  }
  const about = { from: value.from ?? 'given', source: value.source ?? file } as const;
  return 'value' in value
    ? { low: value.value, mode: value.value, high: value.value, ...about }
    : { low: value.low, mode: value.mode, high: value.high, ...about };
}

function settingsOf(
  texts: PlanTexts,
  profile: ProfileName,
  file: PlanFile | undefined,
  priceFactors: Readonly<Record<string, number>> | undefined,
): Settings {
  const { title, claims } = PROFILES[profile];
  const fleet = file?.fleet as Readonly<Record<string, RoleCounts>> | undefined;
  return {
    ...BASE_SETTINGS,
    name: file?.name ?? profile,
    title: file?.title ?? (file ? `${texts.plan!.file}, over ${profile}` : title),
    survive: texts.survive ?? file?.survive ?? BASE_SETTINGS.survive,
    failover: file?.failover ?? BASE_SETTINGS.failover,
    start: file?.start ?? BASE_SETTINGS.start,
    outageMinutes: file?.outageMinutes ?? BASE_SETTINGS.outageMinutes,
    ...(fleet && { fleet }),
    dcPriceFactors: { ...priceFactors, ...file?.dcPriceFactors },
    // What a source says of its own inputs says nothing about others.
    claims: (file ? file.claims : claims) ?? {},
  };
}

function dcProblems(file: PlanFile, at: Place, dcIds: readonly number[]): string[] {
  const problems: string[] = [];
  const known = dcIds.join(', ');
  for (const key of ['fleet', 'dcPriceFactors'] as const) {
    for (const id of Object.keys(file[key] ?? {})) {
      if (dcIds.includes(Number(id))) continue;
      const what = `there is no datacentre ${id}; use ${known}`;
      problems.push(`${at([key, id])}: ${key}.${id}: ${what}`);
    }
  }
  const { fleet } = file;
  const absent = fleet ? dcIds.filter((id) => !(String(id) in fleet)) : [];
  for (const id of absent) {
    problems.push(`${at(['fleet'])}: fleet: has no datacentre ${id}; it must have all of ${known}`);
  }
  return problems;
}

/** Relations between inputs that no single one can break. */
function crossProblems(inputs: Layer, at?: Place): string[] {
  const problems: string[] = [];
  const problem = (path: string, what: string): void => {
    const where = at ? `${at(path.split('.'))}: ` : '';
    problems.push(`${where}${path}: ${what}`);
  };
  const mode = (path: string): number => inputs.get(path)!.mode;
  const users = mode('traffic.dailyUsers') * mode('traffic.messagesPerUser');
  if (mode('traffic.messagesPerDay') === 0 && users === 0) {
    problem('traffic.messagesPerDay', 'is 0, and so is messagesPerUser; set one of them');
  }
  for (const path of ['traffic.messagesPerDay', 'sessions.openConnections']) {
    const quantity = inputs.get(path)!;
    if (quantity.low === 0 && isInterval(quantity)) {
      problem(path, 'an interval must begin above 0, for 0 means that it is not used');
    }
  }
  return problems;
}

/** "path=number" and "path=low..mode..high". */
function setLayer(assignments: readonly string[], problems: string[]): Layer {
  const layer = new Map<string, Quantity>();
  for (const assignment of assignments) {
    const [path = '', text = ''] = assignment.split('=', 2).map((part) => part.trim());
    const field = FIELDS.get(path);
    if (!field) {
      const near = nearestName(path, [...FIELDS.keys()]);
      const right = near ? `the nearest: ${near}` : 'quincunx plan --inputs lists them';
      problems.push(`--set ${assignment}: there is no input ${path}; ${right}`);
      continue;
    }
    const numbers = text.split('..').map((part) => (part === '' ? Number.NaN : Number(part)));
    const [low, mode = low, high = low] = numbers;
    const isRight =
      (numbers.length === 1 || numbers.length === 3) &&
      numbers.every((value) => value >= field.min && value <= field.max) &&
      low! <= mode! &&
      mode! <= high!;
    if (!isRight) {
      problems.push(
        `--set ${assignment}: use ${path}=NUMBER or ${path}=LOW..MODE..HIGH, from ${field.min} to ` +
          `${field.max} ${field.unit}`,
      );
      continue;
    }
    layer.set(path, { low: low!, mode: mode!, high: high!, from: 'given', source: '--set' });
  }
  return layer;
}

const law = z.looseObject({
  meanUs: z.number().min(0.01).max(1e6),
  sigma: z.number().min(0).max(3),
});

/** Of `quincunx calibrate`: the service times of the model, under the key "service". */
const CALIBRATION = z.looseObject({
  service: z.looseObject({
    front: law,
    delivery: law,
    sync: law,
    frameBytes: z.number().min(0).max(1e5).optional(),
    writeDrainShare: z.number().min(0.001).max(1).optional(),
    deliveryDrainShare: z.number().min(0.001).max(1).optional(),
  }),
});

/** Measured on the whole path, so there is no gap left to assume. */
function calibrationLayer({ service }: z.infer<typeof CALIBRATION>, file: string): Layer {
  const source = `calibration ${file}`;
  const layer = new Map<string, Quantity>();
  const add = (path: string, value: number | undefined): void => {
    if (value === undefined) return;
    layer.set(path, { low: value, mode: value, high: value, from: 'measured', source });
  };
  add('service.frontMicros', service.front.meanUs);
  add('service.deliveryMicros', service.delivery.meanUs);
  add('service.syncMicros', service.sync.meanUs);
  add('service.frontSigma', service.front.sigma);
  add('service.syncSigma', service.sync.sigma);
  add('service.frameBytes', service.frameBytes);
  add('recovery.writeDrainShare', service.writeDrainShare);
  add('recovery.deliveryDrainShare', service.deliveryDrainShare);
  add('service.gap', 1);
  return layer;
}
