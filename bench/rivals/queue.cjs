// One rival of the job queue on the PostgreSQL at URL, each with the settings that served it best here:
//   node queue.cjs graphile-worker|pg-boss URL jobs enqueuers batch
// Jobs are enqueued while workers run them; the time ends when the database says that the last one is
// finished. Prints {"perSecond": ..., "enqueuedPerSecond": ...}.
const pg = require("pg");

const [rival, url, jobs, enqueuers, batch] = [
  process.argv[2],
  process.argv[3],
  ...process.argv.slice(4).map(Number),
];
const payload = { number: 1, text: "a payload" };

async function graphileWorker() {
  const { run, Logger } = require("graphile-worker");
  const pool = new pg.Pool({ connectionString: url, max: 64 });
  const runner = await run({
    connectionString: url,
    taskList: { bench: async () => {} },
    noHandleSignals: true,
    logger: new Logger(() => () => {}),
    preset: {
      worker: {
        concurrentJobs: 128,
        maxPoolSize: 64,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  const one = JSON.stringify({ identifier: "bench", payload });
  const many = `[${Array(batch).fill(one).join(",")}]`;
  return {
    put: () =>
      batch === 1
        ? runner.addJob("bench", payload)
        : pool.query(
            "SELECT graphile_worker.add_jobs(array(SELECT json_populate_recordset(NULL::graphile_worker.job_spec, $1::json)))",
            [many],
          ),
    left: async () =>
      Number((await pool.query("SELECT count(*) FROM graphile_worker._private_jobs")).rows[0].count),
    stop: async () => {
      await runner.stop();
      await pool.end();
    },
  };
}

async function pgBoss() {
  const PgBoss = require("pg-boss");
  const boss = new PgBoss({ connectionString: url, max: 64, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("bench");
  for (let i = 0; i < 8; i++)
    await boss.work("bench", { batchSize: 500, pollingIntervalSeconds: 0.5 }, async () => {});
  const many = Array.from({ length: batch }, () => ({ name: "bench", data: payload }));
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  return {
    put: () => (batch === 1 ? boss.send("bench", payload) : boss.insert(many)),
    left: async () =>
      Number((await pool.query("SELECT count(*) FROM pgboss.job WHERE state < 'completed'")).rows[0].count),
    stop: async () => {
      await boss.stop({ graceful: false, wait: false });
      await pool.end();
    },
  };
}

async function main() {
  const queue = await (rival === "pg-boss" ? pgBoss() : graphileWorker());
  const began = performance.now();
  let put = 0;
  await Promise.all(
    Array.from({ length: enqueuers }, async () => {
      while (put < jobs) {
        put += batch;
        await queue.put();
      }
    }),
  );
  const enqueued = performance.now();
  while ((await queue.left()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const ended = performance.now();
  console.log(
    JSON.stringify({
      perSecond: Math.round((put / (ended - began)) * 1000),
      enqueuedPerSecond: Math.round((put / (enqueued - began)) * 1000),
    }),
  );
  await queue.stop();
  process.exit(0);
}
main();
