/** All inputs of a plan as a plan file: something to begin with, each number with its comment. */
import { FIELDS, INPUTS, SECTIONS } from './inputs.ts';
import type { PlanSource } from './plan-file.ts';
import { isInterval, type Quantity } from './quantity.ts';

export function inputsYaml({ inputs, settings, profile }: PlanSource): string {
  const lines = [
    '# A plan for: quincunx plan THIS-FILE. Delete what you do not change; the profile has it.',
    `extends: ${profile}`,
    `name: ${settings.name}`,
    `survive: ${settings.survive}`,
    `failover: ${settings.failover}`,
    `start: "${settings.start}"`,
    `outageMinutes: [${settings.outageMinutes.join(', ')}]`,
  ];
  const { fleet, claims, dcPriceFactors } = settings;
  if (fleet) lines.push(`fleet: ${JSON.stringify(fleet)}`);
  if (Object.keys(dcPriceFactors).length > 0) {
    lines.push(`dcPriceFactors: ${JSON.stringify(dcPriceFactors)}`);
  }
  if (Object.keys(claims).length > 0) {
    lines.push('# what the source states, to be compared with what its inputs give');
    lines.push(`claims: ${JSON.stringify(claims)}`);
  }
  for (const section of SECTIONS) {
    lines.push('', `${section}:`);
    for (const name of Object.keys(INPUTS[section])) {
      const path = `${section}.${name}`;
      const { about, unit } = FIELDS.get(path)!;
      lines.push(`  # ${about} (${unit})`, `  ${name}: ${quantityYaml(inputs.get(path)!)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function quantityYaml(quantity: Quantity): string {
  const { low, mode, high, from, source } = quantity;
  const about = `from: ${from}, source: ${JSON.stringify(source)}`;
  return isInterval(quantity)
    ? `{ low: ${low}, mode: ${mode}, high: ${high}, ${about} }`
    : `{ value: ${mode}, ${about} }`;
}
