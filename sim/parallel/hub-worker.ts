/** Worker thread of the model: all posts of supergroups and channels in, their tally out. */

import { runHubs } from '../model/hubs/hub-run.ts';
import type { HubTallyData } from '../model/hubs/hub-tally.ts';
import type { HubPlan } from '../model/hubs/plan.ts';

export default function hubWorker(plan: HubPlan): HubTallyData {
  return runHubs(plan); // a few megabytes, sparse: copied to the main thread
}
