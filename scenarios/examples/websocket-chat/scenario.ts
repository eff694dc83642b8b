/** A minute of an evening, scaled down to a thousand people, for a chat server of one's own. */
import { type Scenario, scenario } from '../../define.ts'; // in a file of your own: 'quincunx'

const websocketChat: Scenario = scenario({
  name: 'websocket-chat',
  title: 'A thousand people write to each other for a minute',
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    delivery_latency: ['p(99)<50ms'],
    ack_latency: ['p(99)<50ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: { live: { users: 1_000, messagesPerSecond: 500 } },
});

export default websocketChat;
